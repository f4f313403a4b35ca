#!/bin/sh
# Counts words that make sentences hard to read, in the product's Rust without tests, and fails above a limit.
#
#   scripts/words.sh [--print] [REVISION]     with --print: prints the lines that have them
#
# LIMIT is the most of them per 1,000 lines.
set -eu
cd "$(dirname "$0")/.."

LIMIT=5
words='tells?|told|nobody|whoever|who|whose|lest|therein|said|says'

print=no
if [ "${1:-}" = --print ]; then
    print=yes
    shift
fi
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
trap 'exit 130' INT TERM
scripts/lines.sh --print "$@" >"$lines"
if [ "$print" = yes ]; then
    grep -wiE "$words" "$lines" || true
    exit
fi
# The name of the file is no text.
sed 's/^[^ ]*: //' "$lines" | grep -owiE "$words" | tr '[:upper:]' '[:lower:]' | sort | uniq -c | sort -rn |
    awk -v lines="$(wc -l <"$lines")" -v limit="$LIMIT" '
        { count += $1; each = each (each == "" ? "" : ", ") $2 " " $1 }
        END {
            rate = 1000 * count / lines
            printf "words: %d in %d lines of Rust, %.1f per 1,000; at most %s is allowed (%s)\n", count, lines, rate, limit, each
            exit rate > limit
        }'
