#!/usr/bin/env bash
# Runs a session of the official OpenAI clients (Python and JavaScript) with a real server and a small real model:
# `openai-clients.sh install TOOLS_DIR` fetches the clients, `openai-clients.sh run BIN_DIR TOOLS_DIR` runs the sessions. BIN_DIR holds
# `codegenie` and `examples/copy-model`. Safe to repeat; install is quick when done.
set -euo pipefail

fail() { echo "openai-clients: $*" >&2; exit 1; }
usage="usage: openai-clients.sh install TOOLS_DIR | run BIN_DIR TOOLS_DIR"

sources=$(cd "$(dirname "$0")/openai-clients" && pwd)
python_version=3.57.0

install_clients() {
  local folder=$1/openai-clients wanted
  wanted="$python_version $(cksum <"$sources/package-lock.json")"
  if [ -f "$folder/complete" ] && [ "$(cat "$folder/complete")" = "$wanted" ]; then
    return
  fi
  echo "openai-clients: installing the Python and JavaScript clients into $folder"
  rm -rf "$folder"
  mkdir -p "$folder"
  python3 -m venv "$folder/python" || fail "python3 -m venv failed; install python3-venv"
  "$folder/python/bin/pip" install --quiet --disable-pip-version-check "openai==$python_version" ||
    fail "the Python client could not be installed; is there a network?"
  cp "$sources/package.json" "$sources/package-lock.json" "$folder/"
  (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error) ||
    fail "the JavaScript client could not be installed; is there a network?"
  echo "$wanted" >"$folder/complete"
}

clean_up() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$home"
}

run_sessions() {
  local bin=$1 clients=$2/openai-clients address token
  # Seen by the trap, so not local.
  home=$(mktemp -d)
  server=''
  trap clean_up EXIT
  # The weights of the encoder are shared; language models are kept in this home.
  mkdir -p "$home/models"
  ln -s "${CODEGENIE_MODELS_DIR:?set CODEGENIE_MODELS_DIR}"/all-minilm-l6-v2 "$home/models/"
  local genie=(env CODEGENIE_MODELS_DIR="$home/models" CODEGENIE_SANDBOX=off "$bin/codegenie" --data-dir "$home/data")

  "$bin/examples/copy-model" "$home/copy.gguf"
  "${genie[@]}" models import "$home/copy.gguf" --name copy >/dev/null
  "${genie[@]}" users create --role user --email ada@example.org --username ada --password-stdin <<<'Analytical engine 1843' >/dev/null
  token=$("${genie[@]}" users token --email ada@example.org --name session)

  "${genie[@]}" serve --listen 127.0.0.1:0 >"$home/out" 2>"$home/err" &
  server=$!
  # The line comes when the server listens; `tail` waits for it without asking again and again.
  address=$(timeout 60 sed -n '/^listening on /{s/^listening on //p;q}' <(tail -f -n +1 --pid="$server" "$home/out")) || true
  [ -n "$address" ] || { cat "$home/err" >&2; fail "the server did not start"; }

  cp "$sources/session.mjs" "$clients/"
  if ! "$clients/python/bin/python" "$sources/session.py" "$address/v1" copy "$token" ||
    ! node "$clients/session.mjs" "$address/v1" copy "$token"; then
    tail -n 20 "$home/err" >&2
    fail "a session failed"
  fi
}

case ${1:?$usage} in
  install) install_clients "${2:?$usage}" ;;
  run) run_sessions "${2:?$usage}" "${3:?$usage}" ;;
  *) fail "$usage" ;;
esac
