#!/bin/sh
# Mutation test of the code that decides on access and that keeps the tries: every mutant of it that the tests of
# card-os don't notice survives, and more than 15 % survivors fail the check. An hour and a half on two cores.
#
#   scripts/mutants.sh [OUTPUT] [CARGO-MUTANTS-OPTION...]     the report lies in OUTPUT/mutants.out
set -eu
cd "$(dirname "$0")/.."

LEAST=85
output=${1:-target/mutants}
[ $# -gt 0 ] && shift

if ! cargo mutants --version >/dev/null 2>&1; then
    echo "installing cargo-mutants"
    cargo install cargo-mutants --version ^27 --locked --quiet
fi
mkdir -p "$output"
# A mutant that runs for ever is caught by the time limit, which is generous: on a busy machine a slow test would count as
# well. cargo-mutants ends with 2 or 3 where some survived or ran too long; what counts here is how many. The tests are
# chosen by --cargo-arg, so that no other ones are built for each mutant either.
status=0
tests="--cargo-arg=--lib"
for test in commands words declarations store durable power_cuts; do tests="$tests --cargo-arg=--test=$test"; done
# shellcheck disable=SC2086 # $tests is a list
cargo mutants --package vmyna-card-os --output "$output" --baseline skip --timeout 180 --build-timeout 1800 --no-shuffle \
    --file card-os/src/declaration/access.rs --file card-os/src/declaration/pin.rs --file card-os/src/command/pin.rs \
    --file 'card-os/src/state/**' \
    $tests "$@" || status=$?
case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac

count() { if [ -f "$output/mutants.out/$1.txt" ]; then grep -c . "$output/mutants.out/$1.txt" || true; else echo 0; fi; }
caught=$(($(count caught) + $(count timeout)))
missed=$(count missed)
[ $((caught + missed)) -gt 0 ] || { echo "mutation score: no mutant was tried" >&2; exit 1; }
score=$((100 * caught / (caught + missed)))
echo "mutation score: $score % ($caught caught, $missed survive); at least $LEAST % is asked for"
[ "$missed" -eq 0 ] || cat "$output/mutants.out/missed.txt"
[ "$score" -ge "$LEAST" ]
