"""The side of the program: runs it, and serves what the tests ask of it.

Nothing here decides anything: the program shares this interpreter and may have changed all of it.
"""

import builtins
import json
import linecache
import random
import sys
import traceback
import types

from . import wire
from .port import FUNCTIONS, OPERATIONS, Port, make_function, run_coroutine, specials_of

FILE = "program.py"
RECURSION_MAX = 1000
PLAIN = (list, dict, set, frozenset, tuple, str, int, float, bytes, bytearray)
RICH = (int, float, str, bytes, tuple, frozenset, complex)
_format_exception = traceback.TracebackException
_stdout, _stderr = sys.stdout, sys.stderr


def prepare(code):
    """Makes an interpreter that was frozen when its image was made look new."""
    random.seed()
    for module in ("uuid", "tempfile"):
        if module == "tempfile":
            sys.modules["tempfile"]._name_sequence = None
    sys.argv = [FILE]
    sys.stdout.reconfigure(line_buffering=True, errors="surrogateescape")
    linecache.cache[FILE] = (len(code), None, code.splitlines(True), FILE)
    for name in [name for name in sys.modules if name == "app" or name.startswith(("codegenie", "wit_world", "componentize_py", "poll_loop"))]:
        del sys.modules[name]


def execute(code, name):
    """Runs `code` as module `name`; gives its namespace."""
    module = types.ModuleType(name)
    module.__file__ = FILE
    sys.modules[name] = module
    if name != "__main__":
        sys.modules["__main__"] = module
    module.__builtins__ = builtins
    exec(compile(code, FILE, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def program_line(error):
    """The innermost line of the program that `error` went through, or None."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return error.lineno
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def message_of(error):
    """The error as one line."""
    name = type(error).__name__
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:
        text = "its message cannot be shown"
    text = " ".join(text.split())
    return f"{name}: {text}"[:2000] if text else name


def print_error(error):
    """Prints the traceback with the program's own lines only."""
    shown = _format_exception(type(error), error, error.__traceback__, compact=True)
    pending = [shown]
    while pending:
        one = pending.pop()
        if one.stack is not None:
            one.stack[:] = [frame for frame in one.stack if frame.filename == FILE]
        pending.extend(inner for inner in (one.__cause__, one.__context__, *(one.exceptions or ())) if inner is not None)
    _stderr.write("".join(shown.format()))


def report_of(error):
    """What the host is told about how the program ended."""
    if error is None:
        return {"kind": "ok"}
    if isinstance(error, SystemExit):
        code = error.code
        if code is None or code is False:
            code = 0
        if not isinstance(code, int):
            _stderr.write(f"{code}\n")
            code = 1
        return {"kind": "exit", "code": int(code) & 0xFF, "line": program_line(error)}
    try:
        print_error(error)
    except Exception:
        pass
    is_denied = isinstance(error, OSError) and error.errno is not None and not isinstance(error, BlockingIOError)
    return {"kind": "error", "line": program_line(error), "message": message_of(error), "memory": isinstance(error, MemoryError), "denied": is_denied}


def flush():
    for stream in (sys.stdout, sys.stderr, _stdout, _stderr):
        try:
            stream.flush()
        except Exception:
            pass


def run(code, tell):
    prepare(code)
    leave = sys.modules["os"]._exit

    def _exit(status):
        # The host learns from its own call only whether the code was 0.
        tell(json.dumps({"exit": status}).encode())
        leave(1 if status else 0)

    sys.modules["os"]._exit = _exit
    failed = None
    try:
        execute(code, "__main__")
        threads = sys.modules["threading"]
        threads._shutdown() if hasattr(threads, "_shutdown") else None
    except BaseException as error:
        failed = error
    try:
        sys.modules["atexit"]._run_exitfuncs()
    except BaseException as error:
        failed = failed or error
    report = report_of(failed)
    flush()
    return json.dumps(report)


class FarObject:
    """Stands for an object of the tests."""

    def __getattr__(self, name):
        return PORT.request("get", self, name)

    def __setattr__(self, name, value):
        PORT.request("set", self, name, value)


def _far_special(name):
    def special(self, *args):
        return PORT.request("op", name, self, *args)

    return special


class ProgramPort(Port):
    """Serves the tests."""

    def __init__(self, ask):
        super().__init__(ask, 1)
        self.namespace = {}
        self.described = set()

    def pack_object(self, packer, value):
        kind = type(value)
        if isinstance(value, type):
            return self.pack_class(packer, value)
        at = self.export(value)
        if isinstance(value, BaseException):
            args = value.args if type(value.args) is tuple else ()
            return ["E", [packer.cell(kind), packer.cell(args)], at, {"line": program_line(value)}]
        if isinstance(value, FUNCTIONS):
            return ["P", [], at]
        for base in RICH:
            if isinstance(value, base):
                # The base's own methods: what the program overrides says nothing about the data.
                data = tuple(tuple.__iter__(value)) if base is tuple else frozenset(frozenset.__iter__(value)) if base is frozenset else base.__add__(value, b"" if base is bytes else "") if base in (str, bytes) else base.__pos__(value)
                return ["Y", [packer.cell(kind), packer.cell(data)], at]
        if hasattr(kind, "__await__"):
            return ["W", [], at]
        return ["H", [packer.cell(kind) if wire.shared_name(kind) is None else self.class_cell(packer, kind)], at]

    def class_cell(self, packer, kind):
        """A shared class, as the class of an object that cannot be shared."""
        key = ("class", id(kind))
        at = packer.seen.get(key)
        if at is None:
            at = packer.seen[key] = len(packer.nodes)
            packer.nodes.append(self.pack_class(packer, kind))
            packer.keep.append(kind)
        return ["r", at]

    def pack_class(self, packer, kind):
        at = self.export(kind)
        if at in self.described:
            return ["K", [], at, None]
        self.described.add(at)
        is_error = issubclass(kind, BaseException)
        bases = [base for base in kind.__bases__ if base is not object and (is_error or wire.shared_name(base) is None)]
        rich = next((base.__name__ for base in RICH if issubclass(kind, base)), None)
        doc = kind.__doc__
        info = {
            "name": kind.__name__,
            "doc": doc if type(doc) is str else None,
            "specials": specials_of(kind),
            "error": is_error,
            "rich": rich,
            "plain": issubclass(kind, PLAIN) or kind in (type({}.keys()), type({}.values()), type({}.items())),
            "unhashable": kind.__hash__ is None,
        }
        return ["K", packer.cells(bases), at, info]

    def make_object(self, unpacker, node):
        kind, at = node[0], node[2]
        if kind == "E":
            error, args = unpacker.cells(node[1])
            return error(*args)
        if at is not None and at in self.imports:
            return self.imports[at]
        info = node[3]
        if kind == "F":
            return self.adopt(at, self.far_function(info))
        if kind == "XC":
            return self.adopt(at, type(info["name"], tuple(unpacker.cells(node[1])), {}))
        if kind == "U":
            names = {name: _far_special(name) for name in info["specials"] if name not in ("__call__", "__await__")}
            if "__call__" in info["specials"]:
                names["__call__"] = lambda self, *args, **kwargs: PORT.request("call", self, args, kwargs)
            return self.adopt(at, object.__new__(type(info["name"], (FarObject,), names)))
        raise wire.WireError("an unknown object")

    def far_function(self, info):
        def call(args, kwargs):
            return self.request("call", function, args, kwargs)

        function = make_function(call, info)
        return function

    def perform(self, act, *values):
        if act == "call":
            function, args, kwargs = values
            return function(*args, **kwargs)
        if act == "shared":
            module, name, args, kwargs = values
            return wire.find_shared(module, name)(*args, **kwargs)
        if act == "get":
            return getattr(*values)
        if act == "set":
            return setattr(*values)
        if act == "del":
            return delattr(*values)
        if act == "op":
            name, *operands = values
            name = name[2:-2]
            operation = OPERATIONS.get(name)
            if operation is None:
                operation = OPERATIONS[name[1:]]
                operands.reverse()
            return operation(*operands)
        if act == "plain":
            return self.plain(values[0])
        if act == "await":
            return run_coroutine(values[0])
        if act == "dir":
            return [name for name in dir(values[0]) if type(name) is str]
        if act == "name":
            return self.namespace[values[0]]
        if act == "exec":
            source, name, given = values
            scope = dict(self.namespace)
            scope.update(given)
            exec(compile(source, "tests.py", "exec", dont_inherit=True), scope)
            return scope[name]
        raise wire.WireError("an unknown request")

    def plain(self, value):
        kind = type(value)
        if issubclass(kind, (type({}.keys()), type({}.items()))):
            return set(value)
        for base in PLAIN:
            if issubclass(kind, base):
                if base is dict:
                    return dict(dict.items(value))
                return base(base.__iter__(value)) if base in (list, set, tuple, frozenset) else base(value)
        return None

    def flush(self):
        flush()


PORT = None


def load(code, ask):
    """Loads the program as a module; the report names what it defined."""
    global PORT
    prepare(code)
    PORT = ProgramPort(ask)
    try:
        PORT.namespace = execute(code, "solution")
    except BaseException as error:
        report = report_of(error)
        flush()
        return json.dumps(report)
    flush()
    names = [name for name in PORT.namespace if type(name) is str and not (name.startswith("__") and name.endswith("__"))]
    return json.dumps({"kind": "ok", "names": names})


def serve(message):
    return PORT.serve(message)
