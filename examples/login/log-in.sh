#!/bin/sh
# Logs in at the club as a browser does: to the provider, agree, type the PINs, and back. `sh log-in.sh refuse` does not agree.
# Prints the outcome on the last page; the exit status is 0 after a log-in.
set -eu
site=http://127.0.0.1:47930 provider=http://localhost:47920
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT

form() { # sends the form of the page with these fields, and follows to the next page
    token=$(printf '%s' "$page" | sed -n 's/.*name="transaction" value="\([^"]*\)".*/\1/p')
    page=$(curl -sS -L -b "$jar" -c "$jar" -H "Origin: $provider" --data-urlencode "transaction=$token" "$@" \
        "$provider/api/realms/main/login")
}

page=$(curl -sS -L -b "$jar" -c "$jar" "$site/log-in")
case ${1:-agree} in
refuse) form --data action=refuse ;;
*)
    form --data action=choose --data card=0
    form --data action=prove --data "auth_pin=${PIN:-1234}" --data "input_assist_pin=1234"
    ;;
esac
printf '%s\n' "$page" | sed -n 's/.*\(Welcome, [^<]*\).*/\1/p; s/.*\(Not logged in: [^<]*\).*/\1/p; s/.*role="alert">\([^<]*\).*/\1/p'
case $page in *"Welcome, "*) ;; *) exit 1 ;; esac
