#!/bin/sh
# Installs the Debian or Ubuntu packages that are missing: those needed to build, and those that the arguments name.
# Asks for root through sudo where needed, and names the packages first.
set -eu

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "Neither root nor sudo: have root run  $*" >&2
        exit 1
    fi
}

build="gcc libc6-dev pkg-config libssl-dev libpcsclite-dev"
# A package can also stand for another, as nodejs of some sources does for npm.
provided=$(dpkg-query --show --showformat='${db:Status-Abbrev},${Provides}\n' 2>/dev/null |
    sed -n 's/^ii *,//p' | sed 's/([^)]*)//g' | tr -d ' ' | tr '\n' ',')
missing=""
for package in $build "$@"; do
    status=$(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null || true)
    case ",$provided" in *",$package,"*) status="install ok installed" ;; esac
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null; then
        echo "These packages of Debian are needed, under whatever name your system has them:$missing" >&2
        exit 1
    fi
    echo "Installing the missing packages:$missing"
    as_root apt-get update -qq
    # Tests run nginx and sshd themselves: that these are installed must not open the machine to others. Debian asks this
    # script whether a service may start; and none of them is to start at boot.
    quiet=""
    for server in nginx openssh-server; do
        case " $missing " in *" $server "*) quiet="$quiet ${server%-server}" ;; esac
    done
    policy=/usr/sbin/policy-rc.d
    [ -z "$quiet" ] || [ -e "$policy" ] || {
        trap 'as_root rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM
        printf '#!/bin/sh\ncase $1 in nginx* | ssh*) exit 101 ;; esac\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    }
    # shellcheck disable=SC2086  # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    for server in $quiet; do
        case $server in nginx) unit=nginx.service ;; *) unit="ssh.service ssh.socket" ;; esac
        # shellcheck disable=SC2086  # a list of words
        [ ! -d /run/systemd/system ] || as_root systemctl disable --now $unit >/dev/null 2>&1 || true
    done
fi

# pcscd needs this directory, whichever user starts it. systemd makes it at boot; a container has no systemd.
if [ ! -d /run/pcscd ]; then
    echo "Making /run/pcscd, which pcscd needs"
    as_root mkdir -p /run/pcscd
fi
# Likewise sshd, when root starts it.
if [ "$(id -u)" = 0 ] && [ -e /usr/sbin/sshd ] && [ ! -d /run/sshd ]; then
    echo "Making /run/sshd, which sshd needs"
    mkdir -m 755 /run/sshd
fi
