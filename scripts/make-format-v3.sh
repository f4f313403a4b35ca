#!/bin/sh
# Made test-vectors/cards/v3 and test-vectors/states/v3, once, with the first version that had the whole of image version 3. Kept
# to show how; it never makes them again: what lies there must load for ever, by every later version, as it was written.
#
#   scripts/make-format-v3.sh VMYNA
set -eu
vmyna=$(realpath "$1")
cd "$(dirname "$0")/.."
cards=test-vectors/cards/v3 states=test-vectors/states/v3

for folder in "$cards" "$states"; do
    if [ -n "$(find "$folder" -name '*.vmyna' -o -name '*.redb' 2>/dev/null)" ]; then
        echo "$folder is made already and is never made anew; a new version gets a folder of its own" >&2
        exit 1
    fi
done
mkdir -p "$cards" "$states"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cp test-vectors/cards/v1/hanako.vmyna "$work/card"

# The card held to a phone of each kind, each with a register of its own, so that neither replaces the other.
phone() {
    kind=$1 register=$work/register-$1
    shift
    VMYNA_REGISTER="$register" "$vmyna" phone add "$work/card" --ca specimen --now 2027-04-01 --seed 3 --kind "$kind" \
        --pin sign=ABC123 "$@" -o "$cards/$kind.vmyna"
}
phone iphone
phone android --new-pin auth=4649 --new-pin sign=KEITAI1

# Keeps the state of a phone under a name.
state() {
    cp "$work/$1.vmyna.state/hanako-phone.redb" "$states/$2.redb"
    rm -r "$work/$1.vmyna.state"
}
cp "$cards/iphone.vmyna" "$cards/android.vmyna" "$work"
export VMYNA_REGISTER="$work/register-iphone"
# The person moved, and the iPhone got a new mdoc.
"$vmyna" counter "$work/card" --ca specimen --now 2027-04-05 move-in --municipality 27127 --address 大阪府大阪市北区見本町１
"$vmyna" phone refresh "$work/iphone.vmyna" --card "$work/card" --ca specimen --now 2027-04-06
state iphone refreshed
# Everything was taken off the iPhone.
"$vmyna" phone remove "$work/iphone.vmyna" --ca specimen --now 2027-04-07
state iphone removed
# A PIN was changed, and a try of the other one used.
"$vmyna" apdu --plain --card "$work/android.vmyna" 00A4040C0AD392F000260100000001 \
    002000980434363439 002401980437373737 0020009B0657524F4E4731
state android changed
sha256sum "$cards"/*.vmyna "$states"/*.redb
