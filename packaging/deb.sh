#!/usr/bin/env bash
# One command from the sources to a Debian package. The same sources, compiler and date make the
# same bytes: the date is SOURCE_DATE_EPOCH, or that of the last commit.
set -euo pipefail

usage() {
    cat <<'HELP'
usage: packaging/deb.sh [--binary FILE] [--out FOLDER] [--compression WORD]

  --binary FILE        pack this program instead of building one
  --out FOLDER         where the package goes; the current folder otherwise
  --compression WORD   as dpkg-deb knows them: xz, which is usual, gzip, none

The last line is the path of the package.

  SOURCE_DATE_EPOCH        the time of every file in it, in seconds since 1970
  DEBFULLNAME, DEBEMAIL    who answers for the package

Example:
  packaging/deb.sh --out /tmp
HELP
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here") binary='' out=. compression=xz
while (($#)); do
    case $1 in
    --binary) binary=$2 && shift ;;
    --out) out=$2 && shift ;;
    --compression) compression=$2 && shift ;;
    -h | --help) usage && exit 0 ;;
    *) printf 'deb.sh: unknown argument %s; --help lists them\n' "$1" >&2 && exit 2 ;;
    esac
    shift
done
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-Redress maintainers} <${DEBEMAIL:-redress@localhost.localdomain}>"

# The places of sources and libraries on this machine would be in the program otherwise.
build() {
    local cargo=${CARGO_HOME:-$HOME/.cargo} target=$root/target/package
    (
        cd "$root"
        export RUSTFLAGS="--remap-path-prefix=$root=redress --remap-path-prefix=$cargo=cargo"
        CARGO_TARGET_DIR=$target cargo build --release --locked --package redress >&2
    )
    printf '%s\n' "$target/release/redress"
}

# The newest version of the C library that the program asks for.
libc_version() {
    objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort -V | tail -n 1
}

# put MODE FROM TO
put() { install -D -m "$1" "$2" "$tree$3"; }

fill() {
    local doc=/usr/share/doc/redress
    put 755 "$binary" /usr/bin/redress
    strip --strip-unneeded "$tree/usr/bin/redress"
    put 755 "$here/redressctl" /usr/sbin/redressctl
    put 644 "$here/redress.toml" /etc/redress/redress.toml
    for unit in redress.service redress-backup.service redress-backup.timer; do
        put 644 "$here/$unit" "/usr/lib/systemd/system/$unit"
    done
    put 644 "$here/redress.sysusers" /usr/lib/sysusers.d/redress.conf
    put 644 "$here/redress.tmpfiles" /usr/lib/tmpfiles.d/redress.conf
    put 644 "$here/debian/copyright" $doc/copyright
    put 644 "$root/redress.default.toml" $doc/redress.default.toml
    put 644 "$root/docs/operating.md" $doc/operating.md
    put 644 "$root/docs/samples/transactions.csv" $doc/samples/transactions.csv
    put 644 "$here/redress.1" /usr/share/man/man1/redress.1
    put 644 "$here/redressctl.8" /usr/share/man/man8/redressctl.8
    {
        printf 'redress (%s) stable; urgency=medium\n\n' "$version"
        printf '  * Version %s; its history is that of the sources.\n\n' "$version"
        printf ' -- %s  %s\n' "$maintainer" "$(LC_ALL=C date -uRd "@$SOURCE_DATE_EPOCH")"
    } >"$tree$doc/changelog"
    gzip -9n "$tree$doc/changelog" "$tree"/usr/share/man/man?/*
}

control() {
    mkdir -m 755 "$tree/DEBIAN"
    cat >"$tree/DEBIAN/control" <<CONTROL
Package: redress
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -sk --apparent-size "$tree" | cut -f1)
Depends: libc6 (>= $(libc_version "$binary")), libgcc-s1 (>= 4.2),
 systemd | systemd-standalone-sysusers,
 systemd | systemd-standalone-tmpfiles
Recommends: ca-certificates
Suggests: postgresql
Section: net
Priority: optional
Description: complaints about payments, with nothing ever lost
 Takes a complaint about a payment, opens a case, tells everyone concerned by
 mail and webhooks, and keeps a sealed history. One program, with SQLite inside
 or on PostgreSQL.
CONTROL
    printf '/etc/redress/redress.toml\n' >"$tree/DEBIAN/conffiles"
    for script in postinst prerm postrm; do
        install -m 755 "$here/debian/$script" "$tree/DEBIAN/$script"
    done
    (cd "$tree" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
    chmod 644 "$tree/DEBIAN/control" "$tree/DEBIAN/conffiles" "$tree/DEBIAN/md5sums"
}

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
# Whoever packs may have an umask of his own.
umask 022
chmod 755 "$tree"
[[ -n $binary ]] || binary=$(build)
fill
control
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
package=$out/redress_${version}_$architecture.deb
dpkg-deb --root-owner-group -Z"$compression" --build "$tree" "$package" >&2
printf '%s\n' "$package"
