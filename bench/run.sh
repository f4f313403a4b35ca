#!/bin/sh
# Times an APDU to vmyna and to an echo card written in C, both behind the same pcscd and vpcd, run by run in turn, and
# prints the ratio of the medians. The figures of a shared machine are noisy: the ratio is what counts.
set -eu

runs=${RUNS:-9}
apdus=${APDUS:-2000}
select_jpki=00A4040C0AD392F000260100000001

if [ -z "${VMYNA_VPCD_PORTS:-}" ]; then
    cargo build --release --quiet --package vmyna --package vmyna-test-support
    exec target/release/private-pcscd --readers 2 -- "$0"
fi

directory=$(mktemp -d)
flags=$(pkg-config --cflags --libs libpcsclite)
cc -O2 -Wall -Wextra -o "$directory/echo-card" bench/echo-card.c
# shellcheck disable=SC2086  # a list of words
cc -O2 -Wall -Wextra -o "$directory/round-trip" bench/round-trip.c $flags

"$directory/echo-card" "${VMYNA_VPCD_PORTS%%,*}" &
echo_card=$!
target/release/vmyna serve --vpcd "127.0.0.1:${VMYNA_VPCD_PORTS##*,}" 2>"$directory/serve.log" &
serve=$!
# shellcheck disable=SC2329  # called by the trap
finish() {
    kill "$echo_card" "$serve" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$directory"
}
trap finish EXIT
# Not every shell runs the above when a signal ends it.
trap 'exit 130' INT
trap 'exit 143' TERM

tries=0
until [ "$(target/release/vmyna readers 2>/dev/null | grep -c 'card with ATR')" = 2 ]; do
    tries=$((tries + 1))
    [ "$tries" -le 200 ] || { echo "the cards have not come into their readers within 10 s" >&2; exit 1; }
    sleep 0.05
done

time_reader() { "$directory/round-trip" "$1" "$apdus" "$select_jpki"; }

echo "$runs runs in turn of $apdus APDUs (SELECT), median and 90th percentile in µs, status word"
run=1
while [ "$run" -le "$runs" ]; do
    echo_time=$(time_reader "vmyna 0 00 00")
    vmyna_time=$(time_reader "vmyna 1 00 00")
    echo "run $run   echo card $echo_time   vmyna $vmyna_time"
    echo "${echo_time%% *} ${vmyna_time%% *}" >>"$directory/medians"
    run=$((run + 1))
done

median() { cut -d' ' -f"$1" "$directory/medians" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
echo_median=$(median 1)
vmyna_median=$(median 2)
awk -v echo_card="$echo_median" -v vmyna="$vmyna_median" \
    'BEGIN { printf "median of the medians: echo card %.1f µs, vmyna %.1f µs, ratio %.3f\n", echo_card, vmyna, vmyna / echo_card }'
