#!/bin/sh
# Runs the tests with other projects' programs, and the demonstration, on a machine that has more than they need: Debian's
# softhsm2, which p11-kit loads into every program that asks it for modules, and a home directory with configuration of
# OpenSC, p11-kit, OpenSSL and GnuPG that would break them. Three minutes on two cores.
#
#   scripts/test-clients.sh [TEST...]     only these test programs of the command, for example pkcs11
set -eu
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- pkcs11 opensc run run_clients fault_clients trace
tests=""
for test in "$@"; do tests="$tests --test $test"; done

[ -e /usr/share/p11-kit/modules/softhsm2.module ] || scripts/install-packages.sh softhsm2
cargo build --locked --package vmyna-cli

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$home/.config/opensc" "$home/.config/pkcs11/modules" "$home/.gnupg"
# OpenSC that reads this recognises no card.
printf 'app default {\n    card_drivers = cac;\n    framework pkcs15 { enable_pkcs15_emulation = no; }\n}\n' >"$home/opensc.conf"
cp "$home/opensc.conf" "$home/.config/opensc/opensc.conf"
printf 'user-config: only\n' >"$home/.config/pkcs11/pkcs11.conf"
printf 'module: /nonexistent.so\ncritical: yes\n' >"$home/.config/pkcs11/modules/stray.module"
# OpenSSL that reads this can't load its configuration, and stops.
printf 'config_diagnostics = 1\nopenssl_conf = init\n[init]\nengines = none\n' >"$home/openssl.cnf"

# cargo, npm and pip keep what they have downloaded, and pip its configuration.
export CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
export npm_config_userconfig="${npm_config_userconfig:-$HOME/.npmrc}" npm_config_cache="${npm_config_cache:-$HOME/.npm}"
export npm_config_devdir="${npm_config_devdir:-$HOME/.cache/node-gyp}"
export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$HOME/.cache/pip}"
[ -n "${PIP_CONFIG_FILE:-}" ] || [ ! -e "$HOME/.config/pip/pip.conf" ] || export PIP_CONFIG_FILE="$HOME/.config/pip/pip.conf"
export HOME="$home" OPENSC_CONF="$home/opensc.conf" OPENSC_DRIVER=cac

# The tests themselves use OpenSSL as a library, so only the demonstration gets the broken configuration of it.
# shellcheck disable=SC2086  # a list of words
cargo test --locked --no-fail-fast --package vmyna-cli $tests
OPENSSL_CONF="$home/openssl.cnf" PKCS11_MODULE_PATH=/nonexistent.so \
    "${CARGO_TARGET_DIR:-target}/debug/vmyna" run -- scripts/demo.sh "${CARGO_TARGET_DIR:-target}/debug/vmyna" >"$home/demo" ||
    { cat "$home/demo"; exit 1; }
echo "the clients and the demonstration work with softhsm2 installed and stray configuration in HOME"
