/* Stands between the program and the system, by LD_PRELOAD, and writes down in one order what was
 * done to the files below a folder and what was said to others. A write is written down when it is
 * made; a sync twice, when it is asked for and when it has ended, since only what was written
 * before the first is on the disk after the second. What is said (sockets, pipes) is written down
 * before it is said: whoever hears it hears it later. It must never change what the program sees,
 * but where it is told to: SHIM_LIE names files whose syncs do nothing, SHIM_AHEAD_S moves the
 * clock, and SHIM_CLOCKS names a file that moves two clocks while the program runs: two numbers of
 * 64 bits, the seconds added to the time of day and to the clock that only counts.
 *
 *   SHIM_JOURNAL  the journal, appended to     SHIM_UNDER  the folder, an absolute path
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS 65536
#define SAID_MAX 8192

enum {
    OPEN = 1, CREATE, WRITE, SIZE, SYNC_ASKED, SYNC_ENDED, RENAME, UNLINK, MKDIR, RMDIR, SAID, MAP,
    STRANGE, LINK
};

struct record {
    uint32_t kind, pid;
    uint64_t handle, at;
    uint32_t path_bytes, data_bytes;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static char under[4096];
static size_t under_bytes;
static const char *lie;
static int64_t ahead_s;
static const volatile int64_t *clocks;
static uint64_t next_handle;
static struct { uint64_t handle; int lied; } files[FDS];

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("SHIM_JOURNAL"), *folder = getenv("SHIM_UNDER");
    const char *ahead = getenv("SHIM_AHEAD_S");
    lie = getenv("SHIM_LIE");
    if (ahead) ahead_s = atoll(ahead);
    const char *moved = getenv("SHIM_CLOCKS");
    if (moved) {
        int fd = syscall(SYS_openat, AT_FDCWD, moved, O_RDONLY | O_CLOEXEC);
        if (fd < 0) abort();
        clocks = (void *)syscall(SYS_mmap, NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
        if (clocks == MAP_FAILED) abort();
        syscall(SYS_close, fd);
    }
    if (!name || !folder) return;
    snprintf(under, sizeof under, "%s/", folder);
    under_bytes = strlen(under);
    int fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* Far from the numbers that the program gets. */
    journal = fd < 0 ? -1 : (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 1000);
    if (fd >= 0) syscall(SYS_close, fd);
    if (journal < 0) abort();
}

/* The end waits for whoever is writing something down, and keeps all others from beginning: a
 * thread that is cut off in between would leave half a record, or a change that nobody noted. */
__attribute__((destructor)) static void end(void) {
    if (journal >= 0) pthread_mutex_lock(&turn);
}

#define REAL(type, name, ...)                                      \
    static type (*real)(__VA_ARGS__);                              \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* The path below the folder (empty for the folder itself), or nothing when it is elsewhere. */
static const char *inside(const char *path, char *room) {
    if (journal < 0 || !path) return NULL;
    if (path[0] != '/') {
        char here[2048];
        if (!getcwd(here, sizeof here)) return NULL;
        snprintf(room, 8192, "%s/%s", here, path);
        path = room;
    }
    if (strncmp(path, under, under_bytes - 1)) return NULL;
    if (path[under_bytes - 1] == 0) return "";
    return path[under_bytes - 1] == '/' ? path + under_bytes : NULL;
}

static void put(struct iovec *parts, int count) {
    size_t whole = 0;
    for (int i = 0; i < count; i++) whole += parts[i].iov_len;
    /* A half record would make the rest unreadable, and the disk of a test is not full. */
    if ((size_t)syscall(SYS_writev, journal, parts, count) != whole) abort();
}

static void note(int kind, uint64_t handle, uint64_t at, const char *path, const void *data,
                 size_t bytes) {
    struct record record = {kind, getpid(), handle, at, path ? strlen(path) : 0, bytes};
    struct iovec parts[3] = {{&record, sizeof record},
                             {(void *)path, record.path_bytes},
                             {(void *)data, bytes}};
    put(parts, 3);
}

static uint64_t handle_of(int fd) {
    return journal >= 0 && fd >= 0 && fd < FDS ? files[fd].handle : 0;
}

static int speaks(int fd) {
    struct stat about;
    return journal >= 0 && fstat(fd, &about) == 0 &&
           (S_ISSOCK(about.st_mode) || S_ISFIFO(about.st_mode));
}

static void said(int fd, const struct iovec *parts, int count) {
    static char text[SAID_MAX];
    size_t bytes = 0;
    for (int i = 0; i < count && bytes < SAID_MAX; i++) {
        size_t room = SAID_MAX - bytes, part = parts[i].iov_len;
        if (part > room) part = room;
        memcpy(text + bytes, parts[i].iov_base, part);
        bytes += part;
    }
    note(SAID, fd, 0, NULL, text, bytes);
}

/* --- names ----------------------------------------------------------------------------------- */

static int opened(const char *path, int flags, mode_t mode, int (*open_it)(const char *, int, mode_t)) {
    char room[8192];
    const char *name = inside(path, room);
    if (!name) return open_it(path, flags, mode);
    pthread_mutex_lock(&turn);
    struct stat about;
    int was = stat(path, &about) == 0;
    int fd = open_it(path, flags, mode), why = errno;
    if (fd >= 0 && fd < FDS) {
        files[fd].handle = ((uint64_t)getpid() << 32) | ++next_handle;
        files[fd].lied = lie && strstr(name, lie) != NULL;
        note(was ? OPEN : CREATE, files[fd].handle, 0, name, NULL, 0);
        if (was && (flags & O_TRUNC)) note(SIZE, files[fd].handle, 0, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    errno = why;
    return fd;
}

static int plain_open(const char *path, int flags, mode_t mode) {
    return syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

#define OPENER(name)                               \
    int name(const char *path, int flags, ...) {   \
        mode_t mode = 0;                           \
        if (flags & (O_CREAT | O_TMPFILE)) {       \
            va_list rest;                          \
            va_start(rest, flags);                 \
            mode = va_arg(rest, int);              \
            va_end(rest);                          \
        }                                          \
        return opened(path, flags, mode, plain_open); \
    }
OPENER(open)
OPENER(open64)

int __open_2(const char *path, int flags) { return opened(path, flags, 0, plain_open); }
int __open64_2(const char *path, int flags) { return opened(path, flags, 0, plain_open); }
int creat(const char *path, mode_t mode) {
    return opened(path, O_CREAT | O_WRONLY | O_TRUNC, mode, plain_open);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

#define OPENER_AT(name)                                                            \
    int name(int at, const char *path, int flags, ...) {                           \
        mode_t mode = 0;                                                           \
        if (flags & (O_CREAT | O_TMPFILE)) {                                       \
            va_list rest;                                                          \
            va_start(rest, flags);                                                 \
            mode = va_arg(rest, int);                                              \
            va_end(rest);                                                          \
        }                                                                          \
        if (at == AT_FDCWD || path[0] == '/') return opened(path, flags, mode, plain_open); \
        return syscall(SYS_openat, at, path, flags | O_LARGEFILE, mode);           \
    }
OPENER_AT(openat)
OPENER_AT(openat64)

int close(int fd) {
    uint64_t handle = handle_of(fd);
    if (!handle) return syscall(SYS_close, fd);
    pthread_mutex_lock(&turn);
    files[fd].handle = 0;
    int done = syscall(SYS_close, fd), why = errno;
    pthread_mutex_unlock(&turn);
    errno = why;
    return done;
}

static int duplicated(int from, int to) {
    if (to >= 0 && to < FDS && journal >= 0) {
        files[to].handle = handle_of(from);
        files[to].lied = from >= 0 && from < FDS ? files[from].lied : 0;
    }
    return to;
}

int dup(int fd) { return duplicated(fd, syscall(SYS_dup, fd)); }
int dup2(int fd, int to) { return fd == to ? to : duplicated(fd, syscall(SYS_dup3, fd, to, 0)); }
int dup3(int fd, int to, int flags) { return duplicated(fd, syscall(SYS_dup3, fd, to, flags)); }

#define CONTROL(name)                                          \
    int name(int fd, int what, ...) {                          \
        va_list rest;                                          \
        va_start(rest, what);                                  \
        long with = va_arg(rest, long);                        \
        va_end(rest);                                          \
        int done = syscall(SYS_fcntl, fd, what, with);         \
        int copies = what == F_DUPFD || what == F_DUPFD_CLOEXEC; \
        return copies ? duplicated(fd, done) : done;           \
    }
CONTROL(fcntl)
CONTROL(fcntl64)

/* One change of names: done and written down as one. */
#define NAMED(kind, path, other, call)                         \
    char room[8192], second[8192];                             \
    const char *name = inside(path, room);                     \
    const char *too = inside(other, second);                   \
    if (!name && !too) return call;                            \
    pthread_mutex_lock(&turn);                                 \
    int done = call, why = errno;                              \
    if (done == 0) note(kind, 0, 0, name ? name : "", too ? too : "", too ? strlen(too) : 0); \
    pthread_mutex_unlock(&turn);                               \
    errno = why;                                               \
    return done

int rename(const char *from, const char *to) {
    NAMED(RENAME, from, to, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int renameat(int at, const char *from, int there, const char *to) {
    NAMED(RENAME, from, to, syscall(SYS_renameat2, at, from, there, to, 0));
}
int renameat2(int at, const char *from, int there, const char *to, unsigned flags) {
    NAMED(RENAME, from, to, syscall(SYS_renameat2, at, from, there, to, flags));
}
int link(const char *from, const char *to) {
    NAMED(LINK, from, to, syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int linkat(int at, const char *from, int there, const char *to, int flags) {
    NAMED(LINK, from, to, syscall(SYS_linkat, at, from, there, to, flags));
}
int unlink(const char *path) {
    NAMED(UNLINK, path, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
int rmdir(const char *path) {
    NAMED(RMDIR, path, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
}
int mkdir(const char *path, mode_t mode) {
    NAMED(MKDIR, path, NULL, syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* `at` is where the bytes go, or less than nothing for where the file stands. */
static ssize_t wrote(int fd, const struct iovec *parts, int count, off_t at) {
    uint64_t handle = handle_of(fd);
    if (!handle) {
        if (at < 0 && speaks(fd)) {
            pthread_mutex_lock(&turn);
            said(fd, parts, count);
            pthread_mutex_unlock(&turn);
        }
        return at < 0 ? syscall(SYS_writev, fd, parts, count)
                      : syscall(SYS_pwritev, fd, parts, count, at, 0);
    }
    pthread_mutex_lock(&turn);
    ssize_t done = at < 0 ? syscall(SYS_writev, fd, parts, count)
                          : syscall(SYS_pwritev, fd, parts, count, at, 0);
    int why = errno;
    if (done > 0) {
        /* Where it stands now is behind what was written, also for a file that is appended to. */
        off_t from = at < 0 ? lseek(fd, 0, SEEK_CUR) - done : at;
        size_t left = done;
        for (int i = 0; i < count && left; i++) {
            size_t part = parts[i].iov_len < left ? parts[i].iov_len : left;
            if (part) note(WRITE, handle, from, NULL, parts[i].iov_base, part);
            from += part;
            left -= part;
        }
    }
    pthread_mutex_unlock(&turn);
    errno = why;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    struct iovec part = {(void *)bytes, count};
    return wrote(fd, &part, 1, -1);
}
ssize_t writev(int fd, const struct iovec *parts, int count) { return wrote(fd, parts, count, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    struct iovec part = {(void *)bytes, count};
    return wrote(fd, &part, 1, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) {
    return pwrite(fd, bytes, count, at);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return wrote(fd, parts, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) {
    return wrote(fd, parts, count, at);
}

ssize_t send(int fd, const void *bytes, size_t count, int flags) {
    if (speaks(fd)) {
        struct iovec part = {(void *)bytes, count};
        pthread_mutex_lock(&turn);
        said(fd, &part, 1);
        pthread_mutex_unlock(&turn);
    }
    return syscall(SYS_sendto, fd, bytes, count, flags, NULL, 0);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (speaks(fd)) {
        pthread_mutex_lock(&turn);
        said(fd, message->msg_iov, message->msg_iovlen);
        pthread_mutex_unlock(&turn);
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}

int ftruncate(int fd, off_t bytes) {
    if (!handle_of(fd)) return syscall(SYS_ftruncate, fd, bytes);
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_ftruncate, fd, bytes), why = errno;
    if (done == 0) note(SIZE, handle_of(fd), bytes, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = why;
    return done;
}
int ftruncate64(int fd, off_t bytes) { return ftruncate(fd, bytes); }

/* Ways to change a file that the program is not known to use: the reader fails on them. */
static void strange(int fd, const char *what) {
    if (!handle_of(fd)) return;
    pthread_mutex_lock(&turn);
    note(STRANGE, handle_of(fd), 0, what, NULL, 0);
    pthread_mutex_unlock(&turn);
}
int truncate(const char *path, off_t bytes) {
    NAMED(STRANGE, path, NULL, syscall(SYS_truncate, path, bytes));
}
int truncate64(const char *path, off_t bytes) { return truncate(path, bytes); }
int fallocate(int fd, int mode, off_t at, off_t bytes) {
    strange(fd, "fallocate");
    return syscall(SYS_fallocate, fd, mode, at, bytes);
}
int posix_fallocate(int fd, off_t at, off_t bytes) {
    strange(fd, "posix_fallocate");
    return syscall(SYS_fallocate, fd, 0, at, bytes) ? errno : 0;
}
ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t bytes, unsigned flags) {
    strange(out, "copy_file_range");
    return syscall(SYS_copy_file_range, in, from, out, to, bytes, flags);
}

/* Bytes that are written through memory are not seen; the reader says for which files that may be. */
void *mmap(void *place, size_t bytes, int rights, int flags, int fd, off_t at) {
    uint64_t handle = handle_of(fd);
    if (handle && (flags & MAP_SHARED) && (rights & PROT_WRITE)) {
        pthread_mutex_lock(&turn);
        note(MAP, handle, at, NULL, NULL, 0);
        pthread_mutex_unlock(&turn);
    }
    return (void *)syscall(SYS_mmap, place, bytes, rights, flags, fd, at);
}
void *mmap64(void *place, size_t bytes, int rights, int flags, int fd, off_t at) {
    return mmap(place, bytes, rights, flags, fd, at);
}

/* --- syncs ------------------------------------------------------------------------------------ */

static int synced(int fd, long call) {
    uint64_t handle = handle_of(fd);
    if (!handle) return syscall(call, fd);
    if (files[fd].lied) return 0;
    pthread_mutex_lock(&turn);
    note(SYNC_ASKED, handle, 0, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    int done = syscall(call, fd), why = errno;
    if (done == 0) {
        pthread_mutex_lock(&turn);
        note(SYNC_ENDED, handle, 0, NULL, NULL, 0);
        pthread_mutex_unlock(&turn);
    }
    errno = why;
    return done;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
/* Promises nothing about what a power cut leaves; it is no sync. */
int sync_file_range(int fd, off_t at, off_t bytes, unsigned flags) {
    return syscall(SYS_sync_file_range, fd, at, bytes, flags);
}
int syncfs(int fd) {
    strange(fd, "syncfs");
    return syscall(SYS_syncfs, fd);
}

/* --- the clock -------------------------------------------------------------------------------- */

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int done = real(which, now);
    if (done == 0 && which == CLOCK_REALTIME) now->tv_sec += ahead_s + (clocks ? clocks[0] : 0);
    if (done == 0 && which == CLOCK_MONOTONIC && clocks) now->tv_sec += clocks[1];
    return done;
}
