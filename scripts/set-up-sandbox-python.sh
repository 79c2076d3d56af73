#!/usr/bin/env bash
# Installs numpy, pandas and matplotlib for programs in the sandbox: `set-up-sandbox-python.sh DIR`. Safe to repeat; quick when done.
# Without the packages the sandbox runs Python as it is installed, so their absence is a message and not a failure.
set -euo pipefail

folder=${1:?usage: set-up-sandbox-python.sh DIR}
packages=(numpy==2.4.6 pandas==3.1.1 matplotlib==3.11.2)
say() { echo "set-up-sandbox-python: $*" >&2; }

# pandas 3 needs Python 3.11; the sandbox's own python3 is asked for what it is, not for where it lies.
python=''
for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
  if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  say "no Python 3.11 or newer with venv was found; programs in the sandbox run without numpy, pandas and matplotlib"
  exit 0
fi

wanted="$("$python" -c 'import sys; print(sys.version.split()[0], sys.base_prefix)') ${packages[*]} fonts 1"
if [ -f "$folder/complete" ] && [ "$(cat "$folder/complete")" = "$wanted" ] && "$folder/bin/python3" -c '' 2>/dev/null; then
  exit 0
fi

# A virtual environment knows its own path, so it is made at its place; the mark that it is complete comes last.
say "installing ${packages[*]} into $folder"
rm -rf "$folder"
"$python" -m venv "$folder" || { say "python3 -m venv failed for $folder; install python3-venv"; exit 1; }
if ! "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "${packages[@]}"; then
  say "the packages could not be had; programs in the sandbox run without them (run this again with a network)"
  exit 0
fi

# The font cache: matplotlib looks through every font of the machine when it is missing, which takes seconds in each run. Only its
# own fonts are listed, for the sandbox sees no others.
MPLCONFIGDIR="$folder/matplotlib" MPLBACKEND=agg "$folder/bin/python3" - <<'PYTHON'
import matplotlib.font_manager as fonts

find = fonts.findSystemFonts
fonts.findSystemFonts = lambda paths=None, fontext="ttf": find(paths, fontext) if paths else []
fonts._load_fontmanager(try_read_cache=False)
PYTHON
chmod -R a+rX "$folder"
echo "$wanted" >"$folder/complete"
say "done"
