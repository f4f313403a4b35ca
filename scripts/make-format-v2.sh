#!/bin/sh
# Made test-vectors/cards/v2 and test-vectors/states/v2, once, with the first version that had all of these formats. Kept to
# show how; it never makes them again: what lies there must load for ever, by every later version, as it was written.
#
#   scripts/make-format-v2.sh VMYNA
set -eu
vmyna=$(realpath "$1")
cd "$(dirname "$0")/.."
cards=test-vectors/cards/v2 states=test-vectors/states/v2

for folder in "$cards" "$states"; do
    if [ -n "$(find "$folder" -name '*.vmyna' -o -name '*.redb' 2>/dev/null)" ]; then
        echo "$folder is made already and is never made anew; a new version gets a folder of its own" >&2
        exit 1
    fi
done
mkdir -p "$states"
"$vmyna" issue "$cards/partly-unknown.toml" "$cards/without.toml" --seed 1 -o "$cards/fields.vmyna"
"$vmyna" issue examples/people/hanako.toml examples/people/foreign.toml --seed 1 --key-pool 1 \
    --ap "$cards/free-area.ap.toml" -o "$cards/free-area.vmyna"

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
export VMYNA_REGISTER="$work/register"
# Keeps the state of an image under a name.
state() {
    cp "$work/$1.state/hanako.redb" "$states/$2.redb"
    rm -r "$work/$1.state"
}
select=00A4040C06F05445535410 pin=002000860431323334

# The counter replaced address, signed files, a certificate and a PIN.
cp test-vectors/cards/v1/hanako.vmyna "$work/card"
"$vmyna" counter "$work/card" --ca specimen --now 2027-04-01 move-in --municipality 27127 \
    --address 大阪府大阪市北区見本町１
"$vmyna" counter "$work/card" --ca specimen --now 2027-04-01 reset-pin auth=4649
state card replaced
# An application was installed, and a try of its PIN used.
"$vmyna" card install "$work/card" "$cards/free-area.ap.toml"
"$vmyna" apdu --plain --card "$work/card" $select 002000860439393939
state card installed
# Files were changed, a record was changed and another one appended.
cp "$cards/free-area.vmyna" "$work/collection"
card() { "$vmyna" apdu --plain --card "$work/collection#hanako" --expect 9000 "$@"; }
card $select $pin 00D68203067365636F6E64 00200087085445535430303031 00DC011C04C1020909 00E2001803C10105
state collection updated
# A key was made on the card.
card $select $pin 0046809800
state collection key
sha256sum "$cards"/*.vmyna "$states"/*.redb
