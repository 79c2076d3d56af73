"""Runs a program that is sent through file 3, and sends what it drew and where it failed the same way.

This is inside of the sandbox with the program, which can do here whatever it likes: nothing that is sent from here is believed
beyond the program's own result.
"""

import atexit
import builtins
import os
import sys
from _sitebuiltins import Quitter

CHANNEL = 3
NAME = "program.py"
FIGURES = "codegenie_figures"
FIGURES_MAX = 8
DOTS_PER_INCH = 100
REFUSED = (1, 13, 30)  # EPERM, EACCES, EROFS
# Given back when memory is short, so that there is some left to say so with.
reserve = [bytearray(8 << 20)]


def receive():
    def read(size):
        parts = []
        while size:
            part = os.read(CHANNEL, min(size, 1 << 16))
            if not part:
                # The host has hung up, and wants nothing more.
                os._exit(0)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    head = read(5)
    return chr(head[0]), read(int.from_bytes(head[1:], "little"))


def send(kind, payload):
    frame = memoryview(kind.encode() + len(payload).to_bytes(4, "little") + payload)
    while frame:
        frame = frame[os.write(CHANNEL, frame) :]


class Source:
    """Where tracebacks and `inspect` find the program's lines."""

    def __init__(self, code):
        self.code = code

    def get_source(self, _name):
        return self.code


class Finder:
    """Brings in the part that receives figures, and widens what pandas prints."""

    # name → what is done once it is imported
    loaded = {}

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == FIGURES:
            from importlib.machinery import ModuleSpec

            return ModuleSpec(name, Figures)
        loaded = cls.loaded.pop(name, None)
        if loaded is None:
            return None
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                loaded(module)

            spec.loader.exec_module = exec_module
        return spec


def widen(pandas):
    pandas.set_option("display.width", 160)
    pandas.set_option("display.max_columns", 30)


Finder.loaded["pandas"] = widen


class Figures:
    """matplotlib's way to a screen; here each figure becomes a picture for the host."""

    sent = 0

    @staticmethod
    def create_module(_spec):
        return None

    @staticmethod
    def exec_module(module):
        from matplotlib.backend_bases import FigureManagerBase
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        class FigureManager(FigureManagerBase):
            @classmethod
            def pyplot_show(cls, *, block=None):
                deliver()

            def show(self):
                deliver()

        class FigureCanvas(FigureCanvasAgg):
            manager_class = FigureManager

        module.FigureCanvas = FigureCanvas
        module.FigureManager = FigureManager


def deliver():
    """Sends the open figures, and closes them so that none is sent twice."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    import io

    for number in pyplot.get_fignums():
        if Figures.sent < FIGURES_MAX:
            Figures.sent += 1
            picture = io.BytesIO()
            pyplot.figure(number).savefig(picture, format="png", dpi=DOTS_PER_INCH)
            send("F", picture.getvalue())
    pyplot.close("all")


def is_refused(error):
    seen = 0
    while error is not None and seen < 16:
        if type(error).__name__ == "gaierror" or isinstance(error, OSError) and error.errno in REFUSED:
            return True
        reason = getattr(error, "reason", None)
        error = error.__cause__ or error.__context__ or (reason if isinstance(reason, OSError) else None)
        seen += 1
    return False


def report(error):
    """Prints the traceback with the program's lines only, and tells the host where it went wrong."""
    reserve.clear()
    try:
        import traceback

        told = traceback.TracebackException.from_exception(error)
        todo, seen = [told], set()
        while todo:
            part = todo.pop()
            if part is None or id(part) in seen:
                continue
            seen.add(id(part))
            if any(frame.filename == NAME for frame in part.stack):
                part.stack[:] = [frame for frame in part.stack if frame.filename == NAME]
            todo += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
        line = told.stack[-1].lineno if told.stack else None
        if isinstance(error, SyntaxError) and error.filename == NAME:
            line = error.lineno
        for text in told.format():
            sys.stderr.write(text)
        name = type(error).__qualname__
        if type(error).__module__ not in ("builtins", "__main__"):
            name = type(error).__module__ + "." + name
        words = str(error.msg if isinstance(error, SyntaxError) else error).strip().splitlines()
        message = name + ": " + words[0] if words else name
    except BaseException:
        line, message = None, type(error).__name__
    kind = "memory" if isinstance(error, MemoryError) else "denied" if is_refused(error) else "error"
    send("E", f"{kind}\n{line or 0}\n{message[:2000]}".encode("utf-8", "replace"))


def exit_code(error):
    """The code of `sys.exit`, and what it says."""
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1


def finish():
    """What Python does at its end, without taking itself apart, which takes longer than most programs."""
    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()
    deliver()
    atexit._run_exitfuncs()


def run(code):
    main = type(sys)("__main__")
    main.__loader__ = Source(code)
    main.__file__ = NAME
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    ended = 0
    try:
        exec(compile(code, NAME, "exec", dont_inherit=True), main.__dict__)
    except SystemExit as error:
        ended = exit_code(error)
        if ended:
            report(error)
    except BaseException as error:
        ended = 1
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        report(error)
    try:
        finish()
    except BaseException as error:
        ended = ended or 1
        report(error)
    return ended


def install(sources):
    """Makes the modules of the judge importable; `sources` are names and codes in turn, packages first."""
    parts = sources.decode().split("\0")
    for name, code in zip(parts[::2], parts[1::2]):
        module = type(sys)(name)
        module.__package__ = name if not code.strip("\n") or "." not in name else name.rpartition(".")[0]
        if "." not in name:
            module.__path__ = []
        module.__loader__ = Source(code)
        sys.modules[name] = module
        exec(compile(code, name, "exec", dont_inherit=True), module.__dict__)
        if "." in name:
            setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module)


def start():
    sys.argv = [NAME]
    builtins.exit = Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = Quitter("quit", "Ctrl-D (i.e. EOF)")
    sys.meta_path.insert(0, Finder)
    sys.stdout.reconfigure(line_buffering=True)
    configuration = os.environ.get("MPLCONFIGDIR", "")
    if not configuration.startswith("/program"):
        # Nothing may be written in this sandbox, and matplotlib only wants to know that it could.
        access = os.access
        os.access = lambda path, mode, **more: path == configuration or access(path, mode, **more)
    sys.path[:] = [path.decode() for path in receive()[1].split(b"\0") if path]
    ended = 1
    try:
        kind, payload = receive()
        if kind == "C":
            ended = run(payload.decode("utf-8", "replace"))
        else:
            install(payload)
            sys.modules["codegenie.seat"].take(receive, send, Finder.loaded)
            ended = 0
    except SystemExit as error:
        ended = exit_code(error)
    except BaseException as error:
        report(error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                pass
        os._exit(ended)


start()
