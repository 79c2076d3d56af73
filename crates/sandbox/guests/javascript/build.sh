#!/usr/bin/env bash
# Makes the JavaScript image: build.sh OUT TOOLS writes OUT/javascript.wasm.gz. Does nothing when nothing changed.
# QuickJS comes as C sources with the crate rquickjs-sys.
set -euo pipefail

guest=JavaScript
out=$(mkdir -p "$1" && cd "$1" && pwd)
tools=$(mkdir -p "$2" && cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../sources/prepare.sh"

sum=$(sum_of_inputs "$here"/build.sh "$here"/*.c "$here"/*.h "$here"/*.js)
stamp=$out/javascript.stamp
if [[ -f $out/javascript.wasm.gz && -f $stamp && $(cat "$stamp") == "$sum" ]]; then
  exit 0
fi

prepare_zig "$tools"
quickjs=$(source_of rquickjs-sys)/quickjs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# WASI has no modes of rounding, and looks to QuickJS like Emscripten.
flags=(-D_GNU_SOURCE -DEMSCRIPTEN=1 -DFE_DOWNWARD=0 -DFE_UPWARD=0 -I"$quickjs")
for file in "$here/engine.c" "$quickjs/libregexp.c" "$quickjs/libunicode.c" "$quickjs/dtoa.c"; do
  zig_cc "${flags[@]}" -c -o "$work/$(basename "$file" .c).o" "$file"
done
# The guest's own scripts are compiled here, by the same QuickJS.
"$zig/bin/python" -m ziglang cc -std=gnu23 -O1 -Wno-everything -D_GNU_SOURCE -I"$quickjs" -o "$work/compile" \
  "$here/compile.c" "$quickjs/quickjs.c" "$quickjs/libregexp.c" "$quickjs/libunicode.c" "$quickjs/dtoa.c" -lm -pthread ||
  fail "the compiler of its own scripts could not be built"
for script in "$here"/*.js; do
  "$work/compile" "$script" "$work/$(basename "$script" .js).bytecode" || fail "$(basename "$script") could not be compiled"
done
zig_cc "${flags[@]}" --embed-dir="$work" -mexec-model=reactor -Wl,--stack,4194304 -Wl,--strip-all \
  -o "$work/javascript.wasm" "$here/guest.c" "$here/realm.c" "$work"/*.o
pack "$work/javascript.wasm" "$out/javascript.wasm.gz"
echo "$sum" > "$stamp"
