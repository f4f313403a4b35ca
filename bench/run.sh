#!/bin/sh
# Times an APDU, run by run in turn, and prints the ratios of the medians. The figures of a shared machine are noisy: the
# ratios are what counts.
# - vmyna and an echo card written in C, both behind the same pcscd and vpcd: what the card adds;
# - `vmyna run` and the same card behind pcscd and vpcd, both through libpcsclite: what its own PC/SC service saves;
# - `vmyna run` and a process that only sends as many bytes back over such a socket, both without libpcsclite and on one
#   core, because where the scheduler puts the two ends of a socket can decide more than what they do.
set -eu

# libpcsclite would log each call.
unset PCSCLITE_DEBUG

runs=${RUNS:-9}
apdus=${APDUS:-2000}
release=${CARGO_TARGET_DIR:-target}/release
select_jpki=00A4040C0AD392F000260100000001

if [ -z "${VMYNA_VPCD_PORTS:-}" ]; then
    cargo build --release --quiet --package vmyna-cli --package vmyna-testkit
    exec "$release/private-pcscd" --readers 2 -- "$0"
fi

directory=$(mktemp -d)
flags=$(pkg-config --cflags --libs libpcsclite)
cc -O2 -Wall -Wextra -o "$directory/echo-card" bench/echo-card.c
# shellcheck disable=SC2086  # a list of words
cc -O2 -Wall -Wextra -o "$directory/round-trip" bench/round-trip.c $flags
cc -O2 -Wall -Wextra -o "$directory/ping-pong" bench/ping-pong.c

"$directory/echo-card" "${VMYNA_VPCD_PORTS%%,*}" &
echo_card=$!
"$release/vmyna" serve --vpcd "127.0.0.1:${VMYNA_VPCD_PORTS##*,}" 2>"$directory/serve.log" &
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
until [ "$("$release/vmyna" readers 2>/dev/null | grep -c 'card with ATR')" = 2 ]; do
    tries=$((tries + 1))
    [ "$tries" -le 200 ] || { echo "the cards have not come into their readers within 10 s" >&2; exit 1; }
    sleep 0.05
done

time_reader() { "$directory/round-trip" "$1" "$apdus" "$select_jpki"; }
time_service() { "$release/vmyna" run -- "$directory/round-trip" "vmyna 00 00" "$apdus" "$select_jpki"; }
# shellcheck disable=SC2016  # the variable is that of the shell inside
time_sockets() {
    taskset -c "$core" "$release/vmyna" run -- sh -c '"$0" "$PCSCLITE_CSOCK_NAME" "$@"' \
        "$directory/ping-pong" "vmyna 00 00" "$apdus" "$select_jpki"
}
# The first that this process may use.
core=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)

echo "$runs runs in turn of $apdus APDUs (SELECT), median and 90th percentile in µs, status word"
run=1
while [ "$run" -le "$runs" ]; do
    echo_time=$(time_reader "vmyna 0 00 00")
    vmyna_time=$(time_reader "vmyna 1 00 00")
    service_time=$(time_service)
    sockets=$(time_sockets)
    bare_time=${sockets%% *}
    served_time=${sockets#* }
    echo "run $run   echo card $echo_time   vmyna $vmyna_time   vmyna run $service_time" \
        "  on one core: bare socket $bare_time   vmyna run $served_time"
    echo "${echo_time%% *} ${vmyna_time%% *} ${service_time%% *} $bare_time ${served_time%% *}" >>"$directory/medians"
    run=$((run + 1))
done

median() { cut -d' ' -f"$1" "$directory/medians" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
compare() {
    awk -v first="$(median "$2")" -v second="$(median "$4")" -v names="$1|$3" 'BEGIN {
        split(names, name, "|")
        printf "median of the medians: %s %.1f µs, %s %.1f µs, ratio %.3f\n", name[1], first, name[2], second, second / first
    }'
}
compare "echo card" 1 "vmyna" 2
compare "vmyna behind pcscd and vpcd" 2 "vmyna run" 3
compare "bare socket" 4 "vmyna run without libpcsclite" 5
