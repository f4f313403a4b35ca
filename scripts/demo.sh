#!/bin/sh
# The demonstration of `make demo`: an unmodified OpenSC lists, logs in to and signs with a virtual card. Runs inside
# `vmyna run`, whose path is the argument; no pcscd is needed.
set -eu

vmyna=$(realpath "$1")
directory=$(mktemp -d)
cd "$directory"
# No configuration of the machine or the user: only what is shown here decides the outcome.
export OPENSC_CONF=/dev/null OPENSSL_CONF=/dev/null HOME=/nonexistent XDG_CACHE_HOME=/nonexistent
unset OPENSC_DEBUG OPENSC_DRIVER PKCS11_MODULE_PATH
# shellcheck disable=SC2329  # called by the trap
finish() { rm -rf "$directory"; }
trap finish EXIT
# Not every shell runs the trap of EXIT when a signal ends it.
trap 'exit 130' INT
trap 'exit 143' TERM

show() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@"
}
note() { printf '\n%s\n' "$*"; }
check() { show openssl dgst -sha256 -verify "$1.pub" -signature "$1.sig" text; }
public_key() { openssl x509 -in "$1.pem" -pubkey -noout >"$1.pub"; }

note "A virtual My Number Card (個人番号カード) is in a reader that only these programs see. From here on, only OpenSC and openssl speak."
show "$vmyna" readers
show opensc-tool --name
note "OpenSC lists the PINs, keys and certificates of the card:"
show pkcs15-tool --list-pins --list-keys --list-certificates
note "The certificate to log in with (利用者証明用電子証明書) is free to read:"
show pkcs15-tool --read-certificate 1 --output auth.pem
show openssl x509 -in auth.pem -noout -subject -issuer -enddate
note "OpenSC logs in with the PIN 1234 and signs; openssl verifies against the certificate:"
printf 'おはよう' >text
show pkcs11-tool --login --pin 1234 --slot-index 0 --sign --id 01 --mechanism SHA256-RSA-PKCS \
    --input-file text --output-file auth.sig
public_key auth
check auth
note "The certificate to sign with (署名用電子証明書) holds name and address; it wants the password ABC123:"
show pkcs15-tool --verify-pin --auth-id 02 --pin ABC123 --read-certificate 2 --output sign.pem
show openssl x509 -in sign.pem -noout -subject -enddate
show pkcs11-tool --login --pin ABC123 --slot-index 1 --sign --id 02 --mechanism SHA256-RSA-PKCS \
    --input-file text --output-file sign.sig
public_key sign
check sign
note "Done: an unmodified OpenSC listed, logged in and signed; both signatures are right.
Next: $vmyna demo explains the card APDU by APDU, $vmyna apdu gives a prompt, $vmyna --help lists all commands."
