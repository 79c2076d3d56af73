#!/usr/bin/env bash
# Fuzzes every parser: `fuzz.sh [SECONDS_EACH] [TARGET…]`, 600 seconds and all targets unless given. Needs no nightly compiler.
# One target after another, a line each. Grows fuzz/corpus/TARGET; what crashes is kept in fuzz/crashes/TARGET, and the script then fails at its end.
# FUZZ_SANITIZER=none leaves the address sanitizer out, which is faster and needs no clang.
set -euo pipefail

fail() { echo "fuzz: $*" >&2; exit 1; }

seconds=${1:-600}
[[ $seconds =~ ^[0-9]+$ ]] || fail "usage: fuzz.sh [SECONDS_EACH] [TARGET…]"
shift || true

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')
built=${FUZZ_TARGET_DIR:-${CARGO_TARGET_DIR:-$root/target}/fuzz}
sanitizer=${FUZZ_SANITIZER:-$(command -v clang >/dev/null && echo address || echo none)}

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for file in targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares"
# The flags are for the targets alone, not for build scripts: hence --target. The grammars are C, so the sanitizer watches them too.
case $sanitizer in
  address)
    export RUSTC_BOOTSTRAP=1
    flags+=" -Zsanitizer=address"
    export "CC_${host//-/_}=clang" "CXX_${host//-/_}=clang++" "CFLAGS_${host//-/_}=-fsanitize=address -fno-omit-frame-pointer"
    ;;
  none) ;;
  *) fail "FUZZ_SANITIZER is address or none" ;;
esac
binaries=()
for target in "${targets[@]}"; do
  [ -f "targets/$target.rs" ] || fail "there is no target $target"
  binaries+=(--bin "$target")
done
CARGO_TARGET_DIR=$built RUSTFLAGS=$flags cargo build --quiet --release --target "$host" "${binaries[@]}"

./seed.sh
# Some targets write files for parsers that read from a path.
export TMPDIR=$built/tmp
rm -rf "$TMPDIR"
mkdir -p "$TMPDIR"
crashed=()
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "crashes/$target"
  log="$built/$target.log"
  # A leak check at the end would count what lives as long as the process.
  if ASAN_OPTIONS=detect_leaks=0 "$built/$host/release/$target" "corpus/$target" "seeds/$target" \
    -artifact_prefix="crashes/$target/" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=4096 \
    -use_value_profile=1 -print_final_stats=1 >"$log" 2>&1; then
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz: $target: $seconds s, ${inputs:-no} inputs, nothing crashed"
  else
    echo "fuzz: $target: crashed"
    tail -n 30 "$log"
    crashed+=("$target")
  fi
done
if [ ${#crashed[@]} -gt 0 ]; then
  fail "these crashed: ${crashed[*]}; the inputs are in fuzz/crashes"
fi
echo "fuzz: nothing crashed"
