#!/bin/sh
# Fuzzes the virtual card with libFuzzer: builds the targets of fuzz/ with coverage instrumentation, runs each for
# FUZZ_SECONDS (default 4) beginning with its corpus and seeds, and prints how often it ran and what it found.
#
#   scripts/fuzz.sh                       all targets
#   scripts/fuzz.sh card_session tlv      these
#   FUZZ_SEED=1 scripts/fuzz.sh           the same inputs every time, as far as the time goes
#   scripts/fuzz.sh --keep                put what earlier runs found new into the corpus: as few inputs as cover the same,
#                                         at most 100 of them and 16 KiB a target
#
# Needs nothing but a C++ compiler besides Rust: libFuzzer is built from its source. New inputs gather in fuzz/found/,
# inputs that broke something in fuzz/artifacts/. The status is 1 when there are some.
set -eu
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-4}
# 0 is another one every time.
seed=${FUZZ_SEED:-0}
host=$(rustc -vV | sed -n 's/^host: //p')
directory=${CARGO_TARGET_DIR:-fuzz/target}
all=$(sed -n '/^\[\[bin\]\]/,$ s/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml)

# What `cargo fuzz` sets, without a sanitizer: the compiler's own coverage, which stable Rust can.
coverage='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
coverage="$coverage -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="${RUSTFLAGS:-} $coverage" cargo build --quiet --release --locked --manifest-path fuzz/Cargo.toml \
    --target "$host" --target-dir "$directory"
binaries=$directory/$host/release

# The longest input that is worth its time.
longest() {
    case $1 in
    card_session | secure_messaging) echo 100 ;;
    vpcd_frames) echo 256 ;;
    verifier) echo 8192 ;;
    mdoc) echo 4096 ;;
    declaration | person_file | photo | trace | recording | fault_file) echo 2048 ;;
    *) echo 600 ;;
    esac
}

# Where targets put what they write: in memory, where there is such a place.
TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

# Inputs made by hand.
seeds() {
    [ "$1" != person_file ] || echo test-vectors/specimens/people
    [ ! -d "fuzz/seeds/$1" ] || echo "fuzz/seeds/$1"
}

if [ "${1:-}" = --keep ]; then
    for target in $all; do
        mkdir -p "fuzz/found/$target" "fuzz/corpus/$target"
        kept=$(mktemp -d)
        "$binaries/$target" -set_cover_merge=1 -max_len="$(longest "$target")" "$kept" "fuzz/corpus/$target" \
            "fuzz/found/$target" >"fuzz/found/$target.log" 2>&1 ||
            { echo "$target: the corpus could not be minimized, see fuzz/found/$target.log" >&2; exit 1; }
        rm -r "fuzz/corpus/$target"
        mkdir "fuzz/corpus/$target"
        # At most 100, of all lengths, the shortest first. `ls -S` is by length, and libFuzzer's names have no blanks.
        every=$(($(find "$kept" -type f | wc -l) / 100 + 1))
        length=0
        for input in $(ls -Sr "$kept" | awk "NR % $every == 0"); do
            length=$((length + $(wc -c <"$kept/$input")))
            [ "$length" -le 16384 ] || break
            cp "$kept/$input" "fuzz/corpus/$target"
        done
        rm -r "$kept"
        echo "$target: $(find "fuzz/corpus/$target" -type f | wc -l) inputs"
    done
    exit 0
fi

# One line of `-print_final_stats`.
stat() { sed -n "s/^stat::$2: *//p" "$1"; }

status=0
printf '%-18s %12s %8s  %s\n' target executions per-s findings
for target in ${*:-$all}; do
    artifacts=fuzz/artifacts/$target
    log=fuzz/found/$target.log
    mkdir -p "$artifacts" "fuzz/found/$target" "fuzz/corpus/$target"
    findings=none
    "$binaries/$target" -max_total_time="$seconds" -seed="$seed" -timeout=20 -rss_limit_mb=1024 -max_len="$(longest "$target")" \
        -print_final_stats=1 -artifact_prefix="$artifacts/" "fuzz/found/$target" "fuzz/corpus/$target" $(seeds "$target") >"$log" 2>&1 ||
        { status=1; findings="see $log and $artifacts/; again with: $binaries/$target INPUT"; }
    printf '%-18s %12s %8s  %s\n' "$target" "$(stat "$log" number_of_executed_units)" \
        "$(stat "$log" average_exec_per_sec)" "$findings"
done
exit $status
