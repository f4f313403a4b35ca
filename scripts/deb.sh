#!/bin/sh
# Makes the Debian package `vmyna`: the binary, manual pages and completions, in target/debian/. The line tables of the
# binary go to target/release/vmyna.debug: a backtrace shows lines if that file lies beside the binary.
set -eu
cd "$(dirname "$0")/.."

if ! cargo deb --version >/dev/null 2>&1; then
    echo "installing cargo-deb"
    cargo install cargo-deb --version ^3 --locked --quiet
fi
target=${CARGO_TARGET_DIR:-target}
cargo rustc --release --locked --package vmyna-cli --bin vmyna -- -C strip=none
binary=$target/release/vmyna
objcopy --only-keep-debug --compress-debug-sections "$binary" "$binary.debug"
objcopy --strip-debug --add-gnu-debuglink="$binary.debug" "$binary"
extra=target/deb
rm -rf "$extra"
mkdir -p "$extra/man" "$extra/completions"
"$binary" man "$extra/man"
"$binary" completions bash >"$extra/completions/vmyna"
"$binary" completions zsh >"$extra/completions/_vmyna"
"$binary" completions fish >"$extra/completions/vmyna.fish"
# Debian wants manual pages compressed, without a time in the header.
gzip -9 -n "$extra"/man/*
cargo deb --no-build --locked --package vmyna-cli
