#!/bin/sh
# Makes the Debian package `vmyna`: the binary, manual pages and completions, in target/debian/.
set -eu
cd "$(dirname "$0")/.."

if ! cargo deb --version >/dev/null 2>&1; then
    echo "installing cargo-deb"
    cargo install cargo-deb --version ^3 --locked --quiet
fi
target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked --package vmyna-cli
extra=target/deb
rm -rf "$extra"
mkdir -p "$extra/man" "$extra/completions"
"$target/release/vmyna" man "$extra/man"
"$target/release/vmyna" completions bash >"$extra/completions/vmyna"
"$target/release/vmyna" completions zsh >"$extra/completions/_vmyna"
"$target/release/vmyna" completions fish >"$extra/completions/vmyna.fish"
# Debian wants manual pages compressed, without a time in the header.
gzip -9 -n "$extra"/man/*
cargo deb --no-build --locked --package vmyna-cli
