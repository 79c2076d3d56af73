#!/usr/bin/env bash
# Builds llama.cpp's own benchmarks for `make bench`: `bench-peer.sh FOLDER` leaves FOLDER/llama-bench and FOLDER/llama-batched-bench.
# The engine under them is the very source that this product is built from; the crate leaves the tools out, so their two
# sources come from the PyPI package llama-cpp-python, of nearly the same version. Repeating it is quick.
set -euo pipefail

fail() { echo "bench-peer: $*" >&2; exit 1; }

[ $# -eq 1 ] || fail "usage: bench-peer.sh FOLDER"
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
package=llama-cpp-python==0.3.36
cd "$root"

manifest=$(cargo metadata --locked --format-version 1 |
  python3 -c 'import json, sys; print(next(p["manifest_path"] for p in json.load(sys.stdin)["packages"] if p["name"] == "llama-cpp-sys-2"))')
engine=$(dirname "$manifest")/llama.cpp
stamp="$engine with $package"
if [ -x "$folder/llama-bench" ] && [ -x "$folder/llama-batched-bench" ] && [ "$(cat "$folder/built-from" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi

work=$folder/build
rm -rf "$work"
mkdir -p "$work"
# pip looks into a source package before it hands it over, and builds nothing then when its build tool is there already.
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scikit-build-core
PATH="$work/venv/bin:$PATH" "$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
  --no-build-isolation --dest "$work" "$package" || fail "cannot fetch $package"
tar xzf "$work"/llama_cpp_python-*.tar.gz -C "$work" --strip-components=3 --wildcards '*/vendor/llama.cpp/tools/*bench/*.cpp'

cp -r "$engine" "$work/llama.cpp"
cat >"$work/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.14)
project(peer C CXX)
add_subdirectory(llama.cpp)
foreach(name llama-bench llama-batched-bench)
  string(REPLACE llama-batched batched folder ${name})
  file(GLOB sources tools/${folder}/*.cpp)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE llama-common llama)
  target_compile_features(${name} PRIVATE cxx_std_17)
endforeach()
CMAKE
# As the product is built from source: every instruction of this machine, OpenMP, no library of its own.
cmake -S "$work" -B "$work/out" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DGGML_OPENMP=ON -DBUILD_SHARED_LIBS=OFF \
  -DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF \
  -DLLAMA_BUILD_APP=OFF -DLLAMA_OPENSSL=OFF >"$folder/build.log" 2>&1 || fail "cmake refused; see $folder/build.log"
cmake --build "$work/out" --target llama-bench llama-batched-bench --parallel "$(nproc)" >>"$folder/build.log" 2>&1 ||
  fail "the build failed; see $folder/build.log"
find "$work/out" -type f -perm -u+x \( -name llama-bench -o -name llama-batched-bench \) -exec cp {} "$folder" \;
echo "$stamp" >"$folder/built-from"
rm -rf "$work"
