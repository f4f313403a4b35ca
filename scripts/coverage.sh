#!/bin/sh
# Line coverage of card-os by its own tests and those of the applications; fails below the threshold. The report in HTML,
# line by line, lies in target/llvm-cov/html afterwards.
set -eu
cd "$(dirname "$0")/.."

LEAST=95

if ! cargo llvm-cov --version >/dev/null 2>&1; then
    echo "installing cargo-llvm-cov"
    cargo install cargo-llvm-cov --version ^0.9 --locked --quiet
fi
# The tools of the very compiler that is used.
if command -v rustup >/dev/null 2>&1; then rustup component add llvm-tools >/dev/null 2>&1; fi

cargo llvm-cov clean --profraw-only
cargo llvm-cov --no-report --locked --package vmyna-card-os
cargo llvm-cov --no-report --locked --package vmyna-applets --test '*'
others='/(applets|cli|reader-bridge|pcsc-service|photo|testkit|card-os/tests)/'
cargo llvm-cov report --html --ignore-filename-regex "$others" >/dev/null
cargo llvm-cov report --ignore-filename-regex "$others" --fail-under-lines "$LEAST"
