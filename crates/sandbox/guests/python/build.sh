#!/usr/bin/env bash
# Makes the Python image: build.sh OUT TOOLS writes OUT/python.wasm.gz. Does nothing when nothing changed.
# CPython for WebAssembly comes with componentize-py, which is kept in a virtual environment under TOOLS.
set -euo pipefail

out=$(mkdir -p "$1" && cd "$1" && pwd)
tools=$(mkdir -p "$2" && cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
version=0.25.1
zones=2026.6

sum=$({ echo "$version $zones"; cd "$here"; cat build.sh guest.wit app.py codegenie/*.py; } | sha256sum | cut -d' ' -f1)
stamp=$out/python.stamp
if [[ -f $out/python.wasm.gz && -f $stamp && $(cat "$stamp") == "$sum" ]]; then
  exit 0
fi

venv=$tools/componentize-py-$version
if [[ ! -x $venv/bin/componentize-py ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "componentize-py==$version"
fi
time_zones=$tools/tzdata-$zones
if [[ ! -d $time_zones/tzdata ]]; then
  "$venv/bin/pip" install --quiet --target "$time_zones" "tzdata==$zones"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/app.py" "$here/codegenie" "$time_zones/tzdata" "$work"
rm -rf "$work/codegenie/__pycache__"
"$venv/bin/componentize-py" --quiet -d "$here/guest.wit" -w guest componentize -p "$work" app -o "$work/python.wasm"
gzip -9 -n -c "$work/python.wasm" > "$work/python.wasm.gz"
mv "$work/python.wasm.gz" "$out/python.wasm.gz"
echo "$sum" > "$stamp"
