#!/usr/bin/env bash
# Measures a release build against the budgets, with Chroma, llama.cpp's own benchmarks and transformers beside: `bench.sh`. Prints
# two tables and writes them into docs/reference/performance.md and performance-models.md. A missed budget is printed; the exit
# code is 1 when something could not be run. `bench.sh --only models` (or `product`) measures and writes one of them.
# The language models that it makes take some gigabytes in the target folder and are kept.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "bench: $*" >&2; exit 1; }

root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/tools/chroma
python=$venv/bin/python
chroma=chromadb==1.5.9
transformers=$target/tools/transformers
peer=$target/tools/peer

# Built together, so that both are made of the same crates with the same features.
cargo build --release --locked -p cli -p xtask

has_chroma() { [ -x "$python" ] && "$python" -c 'import chromadb, sys; sys.exit(chromadb.__version__ != sys.argv[1])' "${chroma#*==}" 2>/dev/null; }

if ! has_chroma; then
  echo "bench: installing $chroma into $venv" >&2
  { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "$chroma"; } ||
    echo "bench: $chroma could not be installed; its rows will be missing and the run will count as failed" >&2
fi

has_transformers() { [ -x "$transformers/bin/python" ] && "$transformers/bin/python" -c 'import torch, transformers' 2>/dev/null; }

if ! has_transformers; then
  echo "bench: installing torch and transformers into $transformers" >&2
  { python3 -m venv "$transformers" &&
    "$transformers/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 transformers==5.24.0; } ||
    echo "bench: transformers could not be installed; its figures will be missing" >&2
fi
scripts/bench-peer.sh "$peer" ||
  echo "bench: llama.cpp's own benchmarks could not be built; their figures will be missing" >&2

args=("$@")
if has_chroma; then args+=(--chroma-python "$python"); fi
if has_transformers; then args+=(--transformers-python "$transformers/bin/python"); fi
if [ -x "$peer/llama-bench" ] && [ -x "$peer/llama-batched-bench" ]; then args+=(--peer "$peer"); fi
# HumanEval is not shipped; name a copy of it in CODEGENIE_HUMANEVAL, or its row is skipped and says so.
humaneval=${CODEGENIE_HUMANEVAL:-}
if [ -n "$humaneval" ]; then args+=(--humaneval "$humaneval"); fi
models=${CODEGENIE_MODELS_DIR:-$root/models}
[ -d "$models" ] || fail "there is no folder $models; run \`make model\` first"
unset CODEGENIE_HUMANEVAL

exec "$target/release/xtask" bench --binary "$target/release/codegenie" --repository "$root" --work "$target/bench/work" \
  --made-models "$target/bench/models" --models "$models" "${args[@]}"
