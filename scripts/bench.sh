#!/usr/bin/env bash
# Measures a release build against the budgets, with Chroma beside: `bench.sh`. Prints one table and writes it into
# docs/reference/performance.md. A missed budget is printed; the exit code is 1 when something could not be run.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "bench: $*" >&2; exit 1; }

root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/tools/chroma
python=$venv/bin/python
chroma=chromadb==1.5.9

# Built together, so that both are made of the same crates with the same features.
cargo build --release --locked -p cli -p xtask

has_chroma() { [ -x "$python" ] && "$python" -c 'import chromadb, sys; sys.exit(chromadb.__version__ != sys.argv[1])' "${chroma#*==}" 2>/dev/null; }

if ! has_chroma; then
  echo "bench: installing $chroma into $venv" >&2
  { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "$chroma"; } ||
    echo "bench: $chroma could not be installed; its rows will be missing and the run will count as failed" >&2
fi

args=()
if has_chroma; then args+=(--chroma-python "$python"); fi
# HumanEval is not shipped; name a copy of it in CODEGENIE_HUMANEVAL, or its row is skipped and says so.
humaneval=${CODEGENIE_HUMANEVAL:-}
if [ -n "$humaneval" ]; then args+=(--humaneval "$humaneval"); fi
models=${CODEGENIE_MODELS_DIR:-$root/models}
[ -d "$models" ] || fail "there is no folder $models; run \`make model\` first"
unset CODEGENIE_HUMANEVAL

exec "$target/release/xtask" bench --binary "$target/release/codegenie" --repository "$root" --work "$target/bench" \
  --models "$models" "${args[@]}"
