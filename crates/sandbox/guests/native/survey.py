"""Says what this interpreter is and needs, as JSON. Run once, outside of the sandbox, with nothing of a user's.

Nothing of a package is imported, which would take seconds: its parts of machine code are only loaded, for the libraries they bring in.
"""

import ctypes
import glob
import importlib.metadata
import importlib.util
import json
import os
import struct
import sys


def loader(path):
    """The program that loads the interpreter's libraries: PT_INTERP of its ELF file."""
    with open(path, "rb") as file:
        head = file.read(64)
        if head[:4] != b"\x7fELF" or head[4] != 2:
            return None
        order = "<" if head[5] == 1 else ">"
        (offset,) = struct.unpack_from(order + "Q", head, 32)
        size, count = struct.unpack_from(order + "HH", head, 54)
        for index in range(count):
            file.seek(offset + index * size)
            entry = file.read(size)
            if struct.unpack_from(order + "I", entry)[0] == 3:
                at, length = struct.unpack_from(order + "Q", entry, 8)[0], struct.unpack_from(order + "Q", entry, 32)[0]
                file.seek(at)
                return file.read(length).rstrip(b"\0").decode()
    return None


def mapped():
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].rstrip("\n") for line in maps if line.count("/")}
    return sorted(path for path in paths if ".so" in os.path.basename(path) and os.path.isfile(path))


def load(pattern):
    for path in glob.iglob(pattern, recursive=True):
        try:
            ctypes.CDLL(path)
        except OSError:
            # Some parts are for other parts alone.
            pass


def packages():
    found = {}
    for name in ("numpy", "pandas", "matplotlib", "contourpy", "kiwisolver", "PIL"):
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            continue
        for folder in (spec and spec.submodule_search_locations) or ():
            load(os.path.join(glob.escape(folder), "**", "*.so"))
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    for folder in sys.path:
        if os.path.basename(folder) == "lib-dynload":
            load(os.path.join(glob.escape(folder), "*.so"))
    return found


executable = sys.executable
found = packages()
virtual = sys.prefix if sys.prefix != sys.base_prefix else None
fonts = sorted(glob.glob(os.path.join(sys.prefix, "matplotlib", "fontlist-*.json")))
print(
    json.dumps(
        {
            "executable": executable,
            "version": sys.version.split()[0],
            "paths": [path for path in sys.path if os.path.isdir(path)],
            "prefix": virtual,
            "loader": loader(os.path.realpath(executable)),
            "libraries": mapped(),
            "packages": {name: found[name] for name in found if name in ("numpy", "pandas", "matplotlib")},
            "font_list": fonts[-1] if fonts else None,
        }
    ),
    flush=True,
)
# Parts that were loaded without being imported may not survive an orderly end.
os._exit(0)
