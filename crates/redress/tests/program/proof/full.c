/* Stands between a program and the system, by LD_PRELOAD, and lets the disk below a folder be full
 * while a file is there: what would make a file longer, or make a new one, fails with ENOSPC after
 * as much as fits. Writing over what is there goes on, as on a real disk.
 *
 *   FULL_UNDER  the folder, an absolute path     FULL_WHILE  the file that makes it full
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *under, *flag;

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("FULL_UNDER"), *file = getenv("FULL_WHILE");
    /* Copied: a program may write its title over its surroundings, as PostgreSQL does. */
    if (folder) under = strdup(folder);
    if (file) flag = strdup(file);
}

static int below(const char *path) {
    size_t bytes = under ? strlen(under) : 0;
    return bytes && !strncmp(path, under, bytes) && path[bytes] == '/';
}

/* How many bytes the file may have, or -1 when there is room. */
static off_t most(int fd) {
    char name[64], path[4096];
    struct stat about;
    if (!under || !flag || syscall(SYS_access, flag, F_OK)) return -1;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t bytes = readlink(name, path, sizeof path - 1);
    if (bytes <= 0) return -1;
    path[bytes] = 0;
    return below(path) && !fstat(fd, &about) && S_ISREG(about.st_mode) ? about.st_size : -1;
}

static ssize_t wrote(int fd, const struct iovec *parts, int count, off_t at) {
    off_t room = most(fd);
    if (room < 0) {
        return at < 0 ? syscall(SYS_writev, fd, parts, count)
                      : syscall(SYS_pwritev, fd, parts, count, at, 0);
    }
    off_t from = at;
    if (at < 0) from = fcntl(fd, F_GETFL) & O_APPEND ? room : lseek(fd, 0, SEEK_CUR);
    size_t fits = from < room ? room - from : 0, whole = 0;
    for (int i = 0; i < count; i++) whole += parts[i].iov_len;
    if (whole <= fits) fits = whole;
    if (whole && !fits) {
        errno = ENOSPC;
        return -1;
    }
    char *bytes = malloc(fits + 1);
    size_t have = 0;
    for (int i = 0; i < count && have < fits; i++) {
        size_t part = parts[i].iov_len < fits - have ? parts[i].iov_len : fits - have;
        memcpy(bytes + have, parts[i].iov_base, part);
        have += part;
    }
    ssize_t done = at < 0 ? syscall(SYS_write, fd, bytes, fits)
                          : syscall(SYS_pwrite64, fd, bytes, fits, at);
    int why = errno;
    free(bytes);
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

static int grows(int fd, off_t to) {
    off_t room = most(fd);
    if (room < 0 || to <= room) return 0;
    errno = ENOSPC;
    return 1;
}
int ftruncate(int fd, off_t bytes) {
    return grows(fd, bytes) ? -1 : syscall(SYS_ftruncate, fd, bytes);
}
int ftruncate64(int fd, off_t bytes) { return ftruncate(fd, bytes); }
int fallocate(int fd, int mode, off_t at, off_t bytes) {
    return grows(fd, at + bytes) ? -1 : syscall(SYS_fallocate, fd, mode, at, bytes);
}
int posix_fallocate(int fd, off_t at, off_t bytes) {
    return fallocate(fd, 0, at, bytes) ? errno : 0;
}
int posix_fallocate64(int fd, off_t at, off_t bytes) { return posix_fallocate(fd, at, bytes); }

static int opened(int at, const char *path, int flags, mode_t mode) {
    if ((flags & O_CREAT) && under && flag && below(path) && !syscall(SYS_access, flag, F_OK) &&
        syscall(SYS_access, path, F_OK)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_openat, at, path, flags, mode);
}

#define MODE(flags, mode)                     \
    mode_t mode = 0;                          \
    if ((flags) & (O_CREAT | O_TMPFILE)) {    \
        va_list rest;                         \
        va_start(rest, flags);                \
        mode = va_arg(rest, int);             \
        va_end(rest);                         \
    }

int open(const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(AT_FDCWD, path, flags, mode);
}
int openat(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(at, path, flags, mode);
}
