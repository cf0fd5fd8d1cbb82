#!/usr/bin/env bash
# compile_time.sh [TIMES [CXX [FLAGS...]]]: what it takes to compile a file that includes all of
# fivetuple, and the first example: seconds of one core, the best of so many times (3).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
times=${1:-3} cxx=${2:-g++}
flags=("${@:3}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '#include "fivetuple/fivetuple.h"' >"$work/include_all.cc"

# Leaves in `best` the user and system time of compiling FILE.
measure() { # measure FILE FLAGS...
    local TIMEFORMAT='%U %S' each
    best=
    for _ in $(seq "$times"); do
        { time "$cxx" -std=c++23 -I"$root" "${flags[@]}" "${@:2}" -c "$1" -o "$work/object.o" \
            2>"$work/errors"; } 2>"$work/time" || {
            cat "$work/errors" >&2
            echo "error: $1 does not compile" >&2
            exit 1
        }
        each=$(awk '{printf "%.2f", $1 + $2}' "$work/time")
        best=$(printf '%s\n%s\n' "$each" "${best:-$each}" | sort -g | head -1)
    done
}

printf '%-28s %8s %8s\n' "$("$cxx" --version | head -1 | cut -c1-28)" '-O0' '-O2'
for file in "$work/include_all.cc" "$root/examples/01_echo_server.cc"; do
    measure "$file" -O0
    unoptimised=$best
    measure "$file" -O2
    printf '%-28s %6s s %6s s\n' "$(basename "$file")" "$unoptimised" "$best"
done
