#!/usr/bin/env bash
# Everything that the program needs of a system, in a folder: itself, the libraries it is linked to,
# certificates to trust, a user without rights, and two folders. The last stage of Containerfile is
# a copy of that folder; there is no shell in it.
set -euo pipefail

if (($# != 2)) || [[ $1 == -h || $1 == --help ]]; then
    echo 'usage: packaging/rootfs.sh BINARY FOLDER'
    echo 'The folder must not be there. Example: packaging/rootfs.sh target/release/redress /rootfs'
    exit 2
fi
binary=$1 into=$2
user=65532
umask 022

mkdir "$into"
install -D -m 755 "$binary" "$into/usr/bin/redress"
strip --strip-unneeded "$into/usr/bin/redress"

# The libraries and the loader, each where the program looks for it.
ldd "$binary" | grep -oE '/[^ ]+' | while read -r library; do
    install -D -m 755 "$(realpath "$library")" "$into$library"
done

mkdir -p "$into/etc/ssl/certs"
install -m 644 /etc/ssl/certs/ca-certificates.crt "$into/etc/ssl/certs/ca-certificates.crt"
printf 'redress:x:%s:%s:Redress:/data:/nonexistent\n' $user $user >"$into/etc/passwd"
printf 'redress:x:%s:\n' $user >"$into/etc/group"
# Without it the C library asks no name server.
printf 'hosts: files dns\n' >"$into/etc/nsswitch.conf"

mkdir -m 700 "$into/data"
mkdir -m 1777 "$into/tmp"
if ((EUID == 0)); then chown $user:$user "$into/data"; fi
