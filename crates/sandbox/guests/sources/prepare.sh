# For the guests written in C: sourced by their build.sh. Gives `zig_cc` (a C compiler for WebAssembly, kept in a virtual
# environment under TOOLS) and `source_of CRATE` (the folder of a crate that Cargo.lock pins).

zig_version=0.15.1
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  echo "$guest image: $1" >&2
  exit 1
}

# Everything an image is made of, as one hash: the files given and what they are built with.
sum_of_inputs() {
  { echo "$zig_version"; cat "$sources/prepare.sh" "$sources/Cargo.lock" "$@"; } | sha256sum | cut -d' ' -f1
}

prepare_zig() {
  zig=$1/zig
  [[ -f $zig/version && $(cat "$zig/version") == "$zig_version" ]] && return
  python3 -m venv "$zig" || fail "no virtual environment can be made; install Python 3 with venv"
  "$zig/bin/pip" install --quiet --disable-pip-version-check "ziglang==$zig_version" ||
    fail "the C compiler (package ziglang $zig_version) could not be installed; try again with a network"
  echo "$zig_version" > "$zig/version"
}

zig_cc() {
  "$zig/bin/python" -m ziglang cc -target wasm32-wasi -std=c23 -O2 -DNDEBUG -Wno-everything "$@" ||
    fail "it could not be compiled"
}

source_of() {
  local manifest=$sources/Cargo.toml
  cargo fetch --quiet --locked --manifest-path "$manifest" >&2 || fail "the sources of $1 could not be fetched; try again with a network"
  cargo metadata --locked --format-version 1 --manifest-path "$manifest" |
    python3 -c 'import json, os, sys
print(next(os.path.dirname(p["manifest_path"]) for p in json.load(sys.stdin)["packages"] if p["name"] == sys.argv[1]))' "$1" ||
    fail "the crate $1 was not found among the fetched ones"
}

# Packs WORK/NAME.wasm into OUT/NAME.wasm.gz, whole or not at all.
pack() {
  gzip -9 -n -c "$1" > "$1.gz"
  mv "$1.gz" "$2"
}
