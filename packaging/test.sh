#!/usr/bin/env bash
# What is packed, tried: the package built twice, installed into a folder and purged again, the
# units read by systemd, the container's files run as the whole system of the program.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<'HELP'
Build the package and the container's files with BINARY, and try both.

usage: packaging/test.sh BINARY

Prints PASS or FAIL for each step and ends with `N passed, N failed`. Without dpkg, as on systems
that are not Debian's kin, the steps of the package are left out, and it says so.
exit code: 0 all passed   1 one failed   2 the argument is wrong
HELP
}

passed=0 failed=0 server=''

step() {
    local name=$1 && shift
    if "$@" >"$scratch/said" 2>&1; then
        passed=$((passed + 1)) && printf 'PASS %s\n' "$name"
    else
        failed=$((failed + 1)) && printf 'FAIL %s\n' "$name"
        sed 's/^/     /' "$scratch/said" | tail -n 20
    fi
}

finish() {
    [[ -z $server ]] || kill -TERM "$server" 2>/dev/null
    rm -rf "$scratch"
}

# --- the package -------------------------------------------------------------------------------

pack() { "$here/deb.sh" --binary "$binary" --compression none --out "$1"; }

build_twice() {
    mkdir "$scratch/one" "$scratch/two"
    export SOURCE_DATE_EPOCH=1800000000
    pack "$scratch/one" | tail -n 1 >"$scratch/deb" && (umask 077 && pack "$scratch/two") &&
        cmp "$scratch"/one/*.deb "$scratch"/two/*.deb
}

contents_are_right() {
    local list
    list=$(dpkg-deb --contents "$deb") || return 1
    printf '%s\n' "$list"
    for wanted in \
        '-rwxr-xr-x root/root .* ./usr/bin/redress$' \
        '-rw-r--r-- root/root .* ./etc/redress/redress.toml$' \
        '-rw-r--r-- root/root .* ./usr/lib/systemd/system/redress.service$' \
        '-rw-r--r-- root/root .* ./usr/share/doc/redress/operating.md$'; do
        grep -qE -- "$wanted" <<<"$list" || { echo "missing: $wanted" && return 1; }
    done
    ! grep -vE ' root/root ' <<<"$list"
}

has_conffile() { dpkg-deb --info "$deb" conffiles | grep -qx /etc/redress/redress.toml; }

# dpkg with a system of its own, whose maintainer scripts run without going into it.
in_root() {
    "${as_root[@]}" dpkg --root="$system" --force-script-chrootless --force-depends \
        --force-not-root --log=/dev/null "$@"
}

prepare_root() {
    mkdir -p "$system"/{etc,var/lib/dpkg/{info,updates,triggers}} &&
        touch "$system"/var/lib/dpkg/{status,available} "$system"/etc/{passwd,group}
}

installs() {
    prepare_root && in_root --install "$deb" &&
        grep -q '^redress:' "$system/etc/passwd" && [[ -d $system/var/lib/redress ]] &&
        [[ $(stat -c %a "$system/var/lib/redress") == 700 ]] && "$system/usr/bin/redress" --version
}

keeps_settings() {
    echo '# mine' >>"$system/etc/redress/redress.toml"
    in_root --force-confold --install "$deb" && grep -q '# mine' "$system/etc/redress/redress.toml"
}

units_are_sound() {
    local units=("$system"/usr/lib/systemd/system/redress{.service,-backup.service,-backup.timer})
    # The folder is no whole system: of what it lacks, only our own files count.
    systemd-analyze verify --recursive-errors=no --root="$system" "${units[@]##*/}" 2>&1 |
        tee "$scratch/verified"
    ! grep -E 'redress' "$scratch/verified" | grep -vE 'Failed to (add|create)|/bin/kill'
}

# 0 would be a service that can do nothing, 100 one that can do everything.
exposure_is_low() {
    systemd-analyze security --no-pager --offline=yes --threshold=20 --root="$system" \
        redress.service | tail -n 3
    return "${PIPESTATUS[0]}"
}

removal_keeps_data() {
    touch "$system/var/lib/redress/redress.db"
    in_root --remove redress && [[ -f $system/etc/redress/redress.toml ]] || return 1
    in_root --purge redress && [[ ! -e $system/etc/redress ]] &&
        [[ ! -e $system/usr/bin/redress && ! -e $system/var/backups/redress ]] &&
        [[ -f $system/var/lib/redress/redress.db ]]
}

package() {
    step 'the package is built, and the same again' build_twice
    deb=$(<"$scratch/deb")
    step 'it holds what it should, owned by root' contents_are_right
    step 'its settings file is a conffile' has_conffile
    system=$scratch/system
    step 'it installs, with its user and its directory' installs
    step 'another installation keeps changed settings' keeps_settings
    step 'systemd reads the units' units_are_sound
    step 'the service is exposed to little' exposure_is_low
    step 'a purge keeps data and takes all else' removal_keeps_data
}

# --- the container -----------------------------------------------------------------------------

# The program takes the place of the shell, so that it is the one who is told to stop.
inside() (exec "${enter[@]}" "$rootfs" /usr/bin/redress --dir /data "$@")

only_what_is_needed() {
    "$here/rootfs.sh" "$binary" "$rootfs" || return 1
    (cd "$rootfs" && find . -type f | sort) | tee "$scratch/files"
    local ours='usr/bin/redress|etc/(passwd|group|nsswitch\.conf)|etc/ssl/certs/.*'
    ! grep -vE "^\./($ours|.*\.so[.0-9]*)\$" "$scratch/files"
}

answers() {
    local url
    "${enter[@]}" "$rootfs" /usr/bin/redress --dir /data serve --listen 127.0.0.1:0 \
        >"$scratch/serve" 2>&1 &
    server=$!
    for _ in {1..100}; do
        url=$(sed -n 's/^redress listens on //p' "$scratch/serve")
        [[ -z $url ]] || break
        sleep 0.1
    done
    cat "$scratch/serve"
    curl -fsS --noproxy '*' "$url/ready" && inside doctor
}

stops() {
    kill -TERM "$server" && wait "$server"
    local code=$?
    server=''
    return "$code"
}

# The recipe copies that very folder; its words are held to what was just tried.
recipe_fits() {
    grep -q 'packaging/rootfs.sh target/release/redress /rootfs' "$here/Containerfile" &&
        grep -q '^COPY --from=build /rootfs /$' "$here/Containerfile" &&
        grep -q '^USER 65532:65532$' "$here/Containerfile" &&
        grep -q "FROM docker.io/library/rust:$(sed -n 's/^rust-version = "\(.*\)"/\1/p' \
            "$here/../Cargo.toml")-" "$here/Containerfile"
}

container() {
    rootfs=$scratch/rootfs
    step 'the container has the program, its libraries and nothing more' only_what_is_needed
    step 'it sets an installation up' inside tenant add acme --email ops@acme.example
    step 'it serves' answers
    step 'it stops when told' stops
    step 'the recipe is about these files' recipe_fits
}

if (($# != 1)) || [[ ! -x $1 ]]; then usage && exit 2; fi
binary=$(realpath "$1")
scratch=$(mktemp -d)
trap finish EXIT
for variable in ${!REDRESS_@}; do unset "$variable"; done
as_root=() enter=(chroot --userspec=65532:65532)
if ((EUID != 0)); then as_root=(fakeroot) enter=(unshare --map-root-user chroot); fi
chmod 755 "$scratch"

if command -v dpkg-deb >/dev/null; then
    package
else
    echo 'no dpkg here: the package is left out'
fi
container
printf '\n%s passed, %s failed\n' "$passed" "$failed"
((failed == 0))
