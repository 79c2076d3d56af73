"""The entry of the guest: loads what programs import while the image is made, then serves the host.

The seed of `hash` is frozen with the image: sets of strings have the same order in every run, as with `PYTHONHASHSEED`, so that a
program that was right once is right again. `random` is seeded anew in each run.
"""

import importlib
import sys

MODULES = """abc argparse array ast asyncio atexit base64 binascii bisect builtins calendar cmath cmd code codecs codeop collections
collections.abc colorsys concurrent.futures configparser contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis
doctest email encodings.idna encodings.latin_1 encodings.utf_16 encodings.utf_32 encodings.utf_8_sig encodings.cp1252 encodings.ascii
encodings.hex_codec encodings.rot_13 encodings.unicode_escape encodings.raw_unicode_escape enum errno fileinput fnmatch fractions functools gc getopt getpass gettext
glob graphlib gzip hashlib heapq hmac html html.parser html.entities http importlib importlib.util importlib.resources inspect io ipaddress itertools json keyword linecache locale logging
logging.handlers marshal math mimetypes numbers operator optparse os os.path pathlib pickle pickletools pkgutil platform posixpath pprint pstats
cProfile profile queue quopri random re reprlib runpy sched secrets select selectors shelve shlex shutil signal socket sqlite3 stat statistics string
stringprep struct subprocess symtable sys sysconfig tempfile textwrap threading time timeit token tokenize tomllib trace traceback
tracemalloc types typing unicodedata unittest unittest.mock urllib urllib.error urllib.parse urllib.request uuid warnings weakref xml
xml.dom xml.dom.minidom xml.etree.ElementTree xml.sax zipfile zlib zoneinfo multiprocessing bz2 lzma ctypes annotationlib string.templatelib
_strptime _pydecimal __future__ opcode nturl2path bdb pdb pyclbr py_compile zipimport""".split()

for module in MODULES:
    try:
        importlib.import_module(module)
    except ImportError:
        # What needs a part that this build of the interpreter lacks is missing for programs too.
        pass

import wit_world
from componentize_py_types import Err
from codegenie import bridge, clock_loop, judge, one_thread, port, program, time_zones, wire

clock_loop.install()
one_thread.install()
time_zones.install()
wire.share_modules()
# Each of these is made on first use otherwise, in every single run.
"".encode("latin-1"), "x".encode("utf-8"), compile("assert 1 == 2", "x", "exec")
_ask, _printed, _tell = wit_world.ask, wit_world.printed, wit_world.tell


class Ended(BaseException):
    """The other interpreter has ended. Not an Exception, so that tests cannot take it for one of the program's."""


def ask(message):
    try:
        return _ask(message)
    except Err as error:
        raise Ended(error.value) from None


def ask_and_print(message):
    """What the program prints while it is asked appears here too, for tests that look at standard output."""
    answer = ask(message)
    printed = _printed()
    if printed:
        sys.stdout.write(printed.decode("utf-8", "replace"))
    return answer


class WitWorld:
    def run(self, code: str) -> str:
        return program.run(code, _tell)

    def load(self, code: str) -> str:
        return program.load(code, ask)

    def serve(self, message: bytes) -> bytes:
        return program.serve(message)

    def judge(self, job: str) -> str:
        return judge.judge(job, ask_and_print, _tell)
