#!/bin/sh
# Measures the authority's server and register, and prints each figure beside its target or its peer. The figures of a shared
# machine are noisy: what is compared is measured in one run.
# - OCSP answers that are signed anew (with a nonce), beside how often `openssl speed` signs on one core;
# - OCSP answers that were kept (without a nonce, keep-alive);
# - both with a connection for each request, beside `openssl ocsp -port`;
# - the revocation list of one municipality among REVOKED revoked certificates;
# - the server's memory with 10,000 and with MANY registered certificates (10,000,000: MANY=10000000, minutes);
# - `issue --people` with and without the register.
set -eu

seconds=${SECONDS_EACH:-5}
revoked=${REVOKED:-1000000}
many=${MANY:-1000000}
people=${PEOPLE:-1000}
port=${PORT:-47917}
release=${CARGO_TARGET_DIR:-target}/release

[ -n "${BUILT:-}" ] || cargo build --release --quiet --package vmyna-cli
vmyna=$(realpath "$release/vmyna")

directory=$(mktemp -d)
cc -O2 -Wall -Wextra -o "$directory/ask" bench/ask.c
cd "$directory"
server=
# shellcheck disable=SC2329  # called by the trap
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$directory"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Serves a folder of authorities and waits until it answers.
serve() {
    "$vmyna" ca serve "$1" --listen "127.0.0.1:$port" --quiet >serve.log 2>&1 &
    server=$!
    tries=0
    until grep -q Serving serve.log; do
        tries=$((tries + 1))
        [ "$tries" -le 1200 ] || { cat serve.log >&2; exit 1; }
        sleep 0.05
    done
}

end() {
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=
}

export VMYNA_REGISTER=none
"$vmyna" ca init ca >/dev/null
"$vmyna" issue --random --ca ca -o card >/dev/null
"$vmyna" ca export ca -o trust >/dev/null
"$vmyna" files card jpki/0001 --object | openssl x509 -inform DER -out sign.pem
for nonce in nonce no_nonce; do
    openssl ocsp -issuer trust/sign-ca.pem -cert sign.pem "-$nonce" -reqout "$nonce.der"
    cat >"$nonce.lua" <<LUA
local file = io.open("$directory/$nonce.der", "rb")
wrk.method, wrk.body = "POST", file:read("*a")
wrk.headers["Content-Type"] = "application/ocsp-request"
LUA
done

# How often a second wrk gets an answer with this request. An answer that is none of HTTP's 2xx fails.
rate() {
    wrk -t2 -c8 -d"${seconds}s" -s "$1.lua" "http://127.0.0.1:$port/ocsp/sign-ca" >wrk.log
    ! grep -q 'Non-2xx' wrk.log || { cat wrk.log >&2; exit 1; }
    sed -n 's/^Requests\/sec: *//p' wrk.log
}

serve ca
signs=$(openssl speed -seconds "$seconds" rsa2048 2>/dev/null | awk '/^rsa 2048/ { print $(NF - 1) }')
uncached=$(rate nonce)
cached=$(rate no_nonce)
awk -v signs="$signs" -v uncached="$uncached" -v cached="$cached" 'BEGIN {
    printf "openssl signs %.0f/s on one core; OCSP signed anew %.0f/s, ratio %.2f (at least 0.8)\n", signs, uncached, uncached / signs
    printf "OCSP kept %.0f/s (at least 20,000)\n", cached
}'
single=$(./ask "$port" /ocsp/sign-ca 1000 nonce.der)
single_kept=$(./ask "$port" /ocsp/sign-ca 3000 no_nonce.der)
end

# The peer: an index with this certificate, and a responder certificate of the same authority.
# The CA's own key signs, which spares it the making of a responder certificate.
serial=$(openssl x509 -in sign.pem -noout -serial | cut -d= -f2)
printf 'V\t311231235959Z\t\t%s\tunknown\t/CN=card\n' "$serial" >index
openssl ocsp -port "$((port + 1))" -index index -CA trust/sign-ca.pem -rsigner trust/sign-ca.pem \
    -rkey ca/sign-ca/key.pem -nmin 15 -ignore_err >peer.log 2>&1 &
server=$!
tries=0
until ./ask "$((port + 1))" / 1 nonce.der >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -le 100 ] || { cat peer.log >&2; exit 1; }
    sleep 0.05
done
peer=$(./ask "$((port + 1))" / 1000 nonce.der)
end
awk -v peer="$peer" -v single="$single" -v kept="$single_kept" 'BEGIN {
    printf "a connection each: openssl ocsp -port %.0f/s, vmyna signed anew %.0f/s (ratio %.2f), kept %.0f/s\n", peer, single, single / peer, kept
}'

# Enters COUNT certificates of 1,700 municipalities into the register of a folder, revoked or not. One revocation a
# transaction, as the counter makes them, would take an hour.
fill() {
    folder=$1 count=$2
    revocation=${3:+1795316400, 4, 1}
    sqlite3 "$folder/register.sqlite" >/dev/null <<SQL
PRAGMA synchronous = OFF;
BEGIN IMMEDIATE;
-- The name is DER: a directory name with the code for its common name.
WITH RECURSIVE town(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM town WHERE number < 1699)
INSERT INTO point (issuer, municipality, name)
SELECT (SELECT id FROM issuer WHERE hierarchy = 0), printf('%05d', number),
       CAST(x'A014A4123010310E300C06035504030C05' || CAST(printf('%05d', number) AS BLOB) AS BLOB) FROM town;
WITH RECURSIVE one(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM one WHERE number < $count - 1)
INSERT INTO certificate (issuer, serial, point, digest, not_before, not_after, recorded, revoked_at, reason, revoked)
SELECT (SELECT id FROM issuer WHERE hierarchy = 0), 16777216 + number,
       (SELECT max(id) FROM point) - 1699 + number % 1700, zeroblob(32), 1793491200, 1951225199, 1,
       ${revocation:-NULL, NULL, NULL} FROM one;
COMMIT;
SQL
}

# The memory of the server after 1,000 questions, in MiB.
memory() {
    serve "$1"
    ./ask "$port" /ocsp/sign-ca 1000 nonce.der >/dev/null
    awk '/^VmRSS/ { now = $2 / 1024 } /^VmHWM/ { most = $2 / 1024 } END { printf "%.1f now, %.1f at most", now, most }' "/proc/$server/status"
    kill "$server"
    wait "$server" 2>/dev/null || true
}
cp -r ca few
cp -r ca many
fill few 10000
fill many "$many"
few_memory=$(memory few)
many_memory=$(memory many)
echo "memory with 10,000 registered certificates: $few_memory; with $many: $many_memory (MiB)"
rm -r few many

cp -r ca revoked
fill revoked "$revoked" revoked
serve revoked
for code in 00001 00002 00003 00004 00005; do
    curl --silent --fail --output list.crl --write-out '%{time_total}\n' "http://127.0.0.1:$port/crl/sign-ca/$code.crl" >>lists
done
end
entries=$(openssl crl -inform DER -in list.crl -noout -text | grep -c 'Serial Number')
echo "list of one municipality ($entries entries) among $revoked revoked: $(sort -n lists | sed -n 3p) s (at most 0.1)"
rm -r revoked

# `issue` with and without the register, in turn; the median of five.
for turn in 1 2 3 4 5; do
    for with in none "$directory/state"; do
        rm -rf state town
        begin=$(date +%s%N)
        VMYNA_REGISTER=$with "$vmyna" issue --people "$people" --key-pool 1 --seed 1 -o town >/dev/null 2>&1
        echo "$((($(date +%s%N) - begin) / 1000000))" >>"issue-$([ "$with" = none ] && echo without || echo with)"
    done
done
awk -v without="$(sort -n issue-without | sed -n 3p)" -v with="$(sort -n issue-with | sed -n 3p)" -v people="$people" 'BEGIN {
    printf "issue --people %d: %d ms without the register, %d ms with it: %+.1f %% (at most 10)\n", people, without, with, 100 * (with - without) / without
}'
