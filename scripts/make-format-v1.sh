#!/bin/sh
# Made test-vectors/cards/v1 and test-vectors/states/v1, once, with the first version that had these formats. Kept to show
# how; it never makes them again: what lies there must load for ever, by every later version, as it was written.
#
#   scripts/make-format-v1.sh VMYNA
set -eu
vmyna=$(realpath "$1")
cd "$(dirname "$0")/.."
cards=test-vectors/cards/v1 states=test-vectors/states/v1

for folder in "$cards" "$states"; do
    if [ -n "$(find "$folder" -name '*.vmyna' -o -name '*.redb' 2>/dev/null)" ]; then
        echo "$folder is made already and is never made anew; a new version gets a folder of its own" >&2
        exit 1
    fi
done
mkdir -p "$cards" "$states"
"$vmyna" issue examples/people/hanako.toml --seed 1 -o "$cards/hanako.vmyna"
"$vmyna" issue examples/people/child.toml examples/people/foreign.toml --seed 1 -o "$cards/collection.vmyna"

# One card in use: the PIN to log in is now 9876, the password to sign has lost two tries, 照合番号A in the input-assist
# application seven, and the birth PIN has lost three and got them back.
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cp "$cards/hanako.vmyna" "$work"
jpki=00A4040C0AD392F000260100000001 text=00A4040C0AD3921000310001010408 face=00A4040C0AD3921000310001010402
sign=0020009B06303030303030 a=002000940430303030 birth=002000910430303030
"$vmyna" apdu --plain --card "$work/hanako.vmyna" \
    $jpki 002000980431323334 002401980439383736 $sign $sign \
    $text $a $a $a $a $a $a $a \
    $face $birth $birth $birth 0020009106303131303235
cp "$work/hanako.vmyna.state/hanako.redb" "$states/hanako.redb"
sha256sum "$cards"/*.vmyna "$states"/*.redb
