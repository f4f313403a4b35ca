#!/bin/sh
# The quick check while one works: format, lints, words, and the tests that need no other program. Without root; under two
# minutes once the workspace is built. `make test` runs the whole, and begins with the same format, lints and words.
#
#   scripts/check.sh [--no-tests]
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "shell scripts and format"
for script in scripts/*.sh bench/*.sh .ci/run; do sh -n "$script"; done
cargo fmt --all --check
cargo fmt --manifest-path client-tests/Cargo.toml --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check
cargo fmt --manifest-path examples/login/rust/Cargo.toml --check

step "words"
scripts/words.sh

step "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

[ "${1:-}" != --no-tests ] || exit 0

step "quick tests"
# Those that are skipped make many keys.
cargo test --quiet --locked --workspace --exclude vmyna-testkit --lib --bins \
    --test commands --test declarations --test documentation --test secure_messaging --test status_words --test words \
    --test specimens --test text_applications --test secret_files --test explain --test pin \
    -- --skip series:: --skip authorities:: --skip ca_folder::
# Reading the sources: clients start in an environment of their own, libraries name no command, dependencies point down
# and every library can be packaged, docs/clients.md and docs/configurations.md are current.
cargo test --quiet --locked --package vmyna-testkit --test isolation --test library_strings --test floors --test clients \
    --test configurations
