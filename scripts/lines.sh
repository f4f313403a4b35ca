#!/bin/sh
# Counts the lines of the product's Rust without its tests, in the working tree or in a revision: all lines, and those of code,
# which are neither blank nor comments alone.
#
#   scripts/lines.sh [--print] [REVISION]     with --print: prints those lines, each behind its file's name
#
# Left out: files in tests/ or benches/, files named tests.rs or *_tests.rs, fuzz/, client-tests/, testkit/ (test-support/
# before it had that name), and the block `#[cfg(test)] mod … { … }` of a file.
set -eu
cd "$(dirname "$0")/.."

print=no
if [ "${1:-}" = --print ]; then
    print=yes
    shift
fi

tree=$PWD
if [ $# -gt 0 ]; then
    tree=$(mktemp -d)
    trap 'rm -rf "$tree"' EXIT
    trap 'exit 130' INT TERM
    git archive "$1" | tar -x -C "$tree"
    files=$(git ls-tree -r --name-only "$1")
else
    files=$(git ls-files)
fi
files=$(printf '%s\n' "$files" | grep '\.rs$' | grep -Ev \
    -e '(^|/)(tests|benches)/' -e '(^|/)tests\.rs$' -e '_tests\.rs$' -e '^(fuzz|client-tests|testkit|test-support|bench)/')

cd "$tree"
# A file that is deleted and not yet committed is no longer there.
for file in $files; do [ ! -f "$file" ] || printf '%s\n' "$file"; done | xargs awk -v print_lines="$print" '
    FNR == 1 { flush(); inside = 0 }
    inside { if ($0 == "}") inside = 0; next }
    # The attribute waits for the line behind it.
    held != "" && /^(pub(\([a-z]+\))? )?mod [a-z_]+ \{$/ { held = ""; inside = 1; next }
    { flush() }
    $0 == "#[cfg(test)]" { held = $0; name = FILENAME; next }
    { put(FILENAME, $0) }
    END { flush(); if (print_lines != "yes") print lines " lines, " code " of code" }
    function flush() { if (held != "") put(name, held); held = "" }
    function put(file, line) { lines++; if (line !~ /^[ \t]*(\/\/.*)?$/) code++; if (print_lines == "yes") print file ": " line }
'
