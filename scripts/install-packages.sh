#!/bin/sh
# Installs the Debian or Ubuntu packages that are missing: those needed to build, and those that the arguments name.
# Asks for root through sudo where needed, and names the packages first.
set -eu

build="gcc pkg-config libssl-dev libpcsclite-dev"
missing=""
for package in $build "$@"; do
    status=$(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "These packages of Debian are needed, under whatever name your system has them:$missing" >&2
    exit 1
fi
echo "Installing the missing packages:$missing"
root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "Neither root nor sudo: have root run  apt-get install$missing" >&2
        exit 1
    }
    root="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # a list of words
$root apt-get update -qq && $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
