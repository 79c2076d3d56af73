"""Says what this interpreter is and needs, as JSON. Run once, outside of the sandbox, with nothing of a user's."""

import glob
import importlib
import json
import os
import struct
import sys
import sysconfig


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


def packages():
    found = {}
    for name in ("numpy", "pandas", "matplotlib"):
        try:
            found[name] = importlib.import_module(name).__version__
        except Exception:
            pass
    # Every other part of machine code that comes with Python, for the libraries they bring in.
    for path in glob.glob(os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload", "*.so")):
        try:
            importlib.import_module(os.path.basename(path).split(".")[0])
        except BaseException:
            pass
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
            "packages": found,
            "font_list": fonts[-1] if fonts else None,
        }
    )
)
