#!/bin/sh
# Every check of the project; `make test` installs the packages they need first.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

scripts/check.sh --no-tests

step "lints without OpenSSL and libpcsclite, documentation"
cargo clippy --package vmyna-cli --no-default-features --locked -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

step "dependencies: bans, licences, sources"
if ! cargo deny --version >/dev/null 2>&1; then
    echo "installing cargo-deny"
    cargo install cargo-deny --version ^0.20 --locked --quiet
fi
cargo deny --log-level error check bans licenses sources
if cargo deny --log-level error fetch db >/dev/null 2>&1; then
    cargo deny --log-level error check advisories
else
    echo "advisories: NOT CHECKED, their database can't be fetched from here"
fi

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
trap 'exit 130' INT TERM
# Each passed test that proves something of a client leaves a file here.
VMYNA_CLIENTS_PROVED=$kept/proved
export VMYNA_CLIENTS_PROVED
mkdir "$VMYNA_CLIENTS_PROVED"

# Runs tests with what they print, and keeps that: cargo hides it for those that pass, and their counts with it. A pipe has
# the status of its last command, so a failure leaves a mark.
tested() {
    { cargo test --locked --no-fail-fast "$@" -- --show-output || : >"$kept/failed"; } 2>&1 | tee -a "$kept/log"
    [ ! -e "$kept/failed" ]
}

step "tests"
tested --workspace

step "tests with other projects' clients"
cargo clippy --manifest-path client-tests/Cargo.toml --all-targets --locked -- -D warnings
tested --manifest-path client-tests/Cargo.toml

step "docs/clients.md: a test has just proved each line"
cargo test --package vmyna-testkit --test clients --locked -- --ignored

step "fuzzing, a few seconds a target; \`make fuzz\` runs longer"
cargo clippy --manifest-path fuzz/Cargo.toml --all-targets --locked -- -D warnings
FUZZ_SEED=1 scripts/fuzz.sh

step "what was counted"
sed -n 's/^counted: //p' "$kept/log"
