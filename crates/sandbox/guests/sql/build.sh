#!/usr/bin/env bash
# Makes the SQL image: build.sh OUT TOOLS writes OUT/sql.wasm.gz. Does nothing when nothing changed.
# SQLite comes as C source with the crate libsqlite3-sys.
set -euo pipefail

guest=SQL
out=$(mkdir -p "$1" && cd "$1" && pwd)
tools=$(mkdir -p "$2" && cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../sources/prepare.sh"

sum=$(sum_of_inputs "$here"/build.sh "$here"/*.c)
stamp=$out/sql.stamp
if [[ -f $out/sql.wasm.gz && -f $stamp && $(cat "$stamp") == "$sum" ]]; then
  exit 0
fi

prepare_zig "$tools"
sqlite=$(source_of libsqlite3-sys)/sqlite3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Another operating system than SQLite knows: one without files. Nothing is written anywhere but to memory.
flags=(
  -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 -DSQLITE_TEMP_STORE=3 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_SHARED_CACHE
  -DSQLITE_OMIT_WAL -DSQLITE_DEFAULT_MEMSTATUS=1 -DSQLITE_DQS=0 -DSQLITE_DEFAULT_FOREIGN_KEYS=1 -DSQLITE_MAX_MMAP_SIZE=0
  -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_ENABLE_RTREE
  -DSQLITE_ENABLE_STAT4 -DSQLITE_SOUNDEX -DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_PROGRESS_CALLBACK -I"$sqlite"
)
zig_cc "${flags[@]}" -mexec-model=reactor -Wl,--stack,1048576 -Wl,--strip-all \
  -o "$work/sql.wasm" "$here/guest.c" "$sqlite/sqlite3.c"
pack "$work/sql.wasm" "$out/sql.wasm.gz"
echo "$sum" > "$stamp"
