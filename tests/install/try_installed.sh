#!/usr/bin/env bash
# try_installed.sh BUILD_FOLDER CXX SANITIZERS: installs what is built into a folder of its own, and
# builds and runs a small program against it: by find_package(), and by pkg-config.
set -euo pipefail
build=$1 cxx=$2 sanitizers=${3:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=${sanitizers:+-fsanitize=$sanitizers}

fail() {
    echo "error: $*" >&2
    exit 1
}

# try NAME COMMAND...: it must print what a program prints for which all went well.
try() {
    local name=$1 said
    shift
    said=$("$@") || fail "$name exits with $?"
    [ "$said" = "a round trip and 1000000 awaits" ] || fail "$name says: $said"
    echo "$name: $said"
}

by_cmake() { # by_cmake PREFIX [OPTIONS...]
    local prefix=$1
    shift
    cmake -S "$here" -B "$work/by_cmake" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_CXX_FLAGS="$flags" \
        -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Debug "$@" >"$work/log" 2>&1 ||
        { cat "$work/log"; fail "find_package() does not find it"; }
    cmake --build "$work/by_cmake" >"$work/log" 2>&1 ||
        { cat "$work/log"; fail "a program does not build against the CMake package"; }
}

is_shared() { # is_shared KIND
    [[ $(ldd "$work/by_cmake/uses_$1") == *libfivetuple.so* ]]
}

cmake --install "$build" --prefix "$work/first" >"$work/log" || fail "$(cat "$work/log")"
# What is installed may be moved; nothing in it knows where it was.
mv "$work/first" "$work/usr"
library=$(dirname "$(find "$work/usr" -name libfivetuple.a)")

by_cmake "$work/usr"
for kind in static shared fivetuple; do
    try "find_package, fivetuple::$kind" "$work/by_cmake/uses_$kind"
done
is_shared fivetuple || fail "the default is not the shared library"
is_shared static && fail "the static library is a shared one"
by_cmake "$work/usr" -DFIVETUPLE_STATIC=ON
is_shared fivetuple && fail "FIVETUPLE_STATIC is ignored"

export PKG_CONFIG_PATH=$library/pkgconfig
pkg-config --validate fivetuple
# shellcheck disable=SC2046,SC2086 # Flags are words.
"$cxx" $flags "$here/main.cc" -o "$work/by_flags" $(pkg-config --cflags --libs fivetuple)
try "pkg-config" env LD_LIBRARY_PATH="$library" "$work/by_flags"
if [ -z "$sanitizers" ]; then # Those cannot be linked statically.
    # shellcheck disable=SC2046
    "$cxx" "$here/main.cc" -o "$work/by_flags" $(pkg-config --cflags --libs --static fivetuple) \
        -static
    try "pkg-config --static" "$work/by_flags"
fi
if [ -x "$work/usr/bin/ft" ]; then
    "$work/usr/bin/ft" --version
fi
