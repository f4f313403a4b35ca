#!/bin/sh
# Installs the Debian package in a bare Debian root, made by debootstrap, and uses it there: version, tour, PC/SC without a
# daemon, manual pages, completions, removal. Needs root. Takes the sources of packages from this machine.
#
#   scripts/try-deb.sh [SUITE]      SUITE: bookworm
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}
[ "$(id -u)" = 0 ] || { echo "try-deb.sh needs root: it makes a root folder of its own" >&2; exit 1; }
set -- "${CARGO_TARGET_DIR:-target}"/debian/vmyna_*.deb
[ $# -eq 1 ] && [ -f "$1" ] || { echo "one package is expected in target/debian/: run make deb" >&2; exit 1; }

root=$(mktemp -d)
# apt and man use users of their own there.
chmod 755 "$root"
# shellcheck disable=SC2329  # called by the trap
finish() {
    umount "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$root"
}
trap finish EXIT
trap 'exit 130' INT TERM
debootstrap --variant=minbase "$suite" "$root" ${DEBOOTSTRAP_MIRROR:-} >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
[ ! -d /etc/apt/apt.conf.d ] || cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp "$1" "$root/root/vmyna.deb"

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends /root/vmyna.deb opensc opensc-pkcs11 man-db >/dev/null
# The minimal image leaves manual pages out by a rule of dpkg's; the package must have them all the same.
inside vmyna --version
inside vmyna demo >/dev/null
inside vmyna run -- pkcs11-tool --login --pin 1234 --test | grep -x 'No errors'
inside vmyna apdu --ap /usr/share/vmyna/applications/driving-licence/driving-licence.ap.toml 00A4040C10A0000002310600000000000000000000 | grep 9000
inside sh -c 'dpkg -L vmyna | grep -q /usr/share/man/man1/vmyna-run.1.gz'
inside sh -c 'man --where vmyna-run'
inside test -s /usr/share/bash-completion/completions/vmyna
inside apt-get remove -y -qq vmyna >/dev/null
! inside test -e /usr/bin/vmyna
echo "the package installs, runs and is removed in a bare $suite"
