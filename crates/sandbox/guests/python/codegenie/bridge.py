"""The side of the tests: objects that stand for those of the program.

The program answers for its own objects, and could lie. So it is never told what a test expects: plain data is compared here, and
an object of the program is equal to plain data only if the data it gives without knowing why is.
"""

import builtins
import itertools
import random
import types

from . import wire
from .port import BINARY, FUNCTIONS, IN_PLACE, ORDER, OTHER, UNARY, Port, describe_function, run_coroutine, specials_of

# Operators whose result tells how far an object is from what a test expects.
TELLING = frozenset(("sub", "truediv", "floordiv", "mod", "divmod", "xor", "and", "pow"))
# What turns an object into plain data.
REDUCING = frozenset(("abs", "int", "float", "complex", "index", "bool", "len", "trunc", "floor", "ceil", "round", "hash", "neg", "pos"))
RESULTS = {"len": int, "bool": bool, "int": int, "index": int, "hash": int, "str": str, "repr": str, "float": float, "complex": complex, "format": str, "bytes": bytes}
DECOYS = 16
# Of so many decoys a rule such as "even" or "above zero" has half, for as many lie on each side and are of each parity.
DECOYS_HAD_MAX = 11
# Most members that are looked through.
MEMBERS_MAX = 10_000
HIDDEN = ("_", "gi_", "f_", "cr_", "co_", "tb_", "func_", "ag_")

PORT = None


def is_far(value):
    """Whether `value` stands for an object of the program."""
    return PORT is not None and PORT.foreign_id(value) is not None


class FarType(type):
    """Makes the classes that stand for the program's."""

    def __call__(cls, *args, **kwargs):
        return PORT.request("call", cls, args, kwargs)

    def __getattr__(cls, name):
        if name in ("__abstractmethods__", "__set_name__", "__mro_entries__", "__del__"):
            raise AttributeError(name)
        return PORT.request("get", cls, name)

    def __setattr__(cls, name, value):
        PORT.request("set", cls, name, value)

    def __repr__(cls):
        return PORT.request("op", "__repr__", cls)

    def __iter__(cls):
        return PORT.request("op", "__iter__", cls)

    def __len__(cls):
        return PORT.request("op", "__len__", cls)

    def __bool__(cls):
        return True

    def __getitem__(cls, key):
        return PORT.request("op", "__getitem__", cls, key)

    def __contains__(cls, value):
        return contains(cls, value)

    def __dir__(cls):
        return PORT.request("dir", cls)


def contains(container, value):
    """Whether a container of the program has `value`: by its members where it gives them, for the program does not know then what is
    looked for. Else it is asked, among decoys, so that one that has everything or guesses is found out."""
    if is_far(value):
        return PORT.request("op", "__contains__", container, value) is True
    if type(value) in (str, int, float, tuple) and any(member == value for member in members(container)):
        return True
    asked = [(value, True)] + [(decoy, False) for decoy in decoys(value)]
    random.SystemRandom().shuffle(asked)
    answers = [(PORT.request("op", "__contains__", container, candidate), is_real) for candidate, is_real in asked]
    if not all(type(answer) is bool for answer, _ in answers):
        raise TypeError("__contains__ of the program gave no bool")
    had = sum(answer for answer, is_real in answers if not is_real)
    if had > (DECOYS_HAD_MAX if type(value) is int else 0):
        raise TypeError("the program's object claims to contain what it was never given; compare the data instead")
    return next(answer for answer, is_real in answers if is_real)


def members(container):
    """The plain data that a container of the program gives when it is gone through, as far as that is done."""
    defined = {name for base in type(container).__mro__ for name in base.__dict__}
    if isinstance(container, FarType) or "__iter__" not in defined or "__next__" in defined:
        return []
    try:
        first = PORT.request("call", itertools.islice, (container, MEMBERS_MAX), {})
        given = PORT.request("call", list, (first,), {})
    except Exception:
        return []
    return [member for member in given if not is_far(member)] if type(given) is list else []


def decoys(value):
    """Values that look like `value`, and that a container which has it need not have."""
    chance = random.SystemRandom()
    if type(value) is str:
        letters = (value or "abc") + "abcdefghij"
        # Of a letter or two there are so few that an honest container may have them all.
        sizes = [max(len(value) + more, 3) for more in (-1, 0, 0, 1)]
        made = {"".join(chance.choices(letters, k=sizes[at % len(sizes)] if len(value) > 5 else len(value) + 6)) for at in range(DECOYS)}
        return list(made - {value})
    if type(value) is int:
        return [value + side * (2 * chance.randrange(10**6, 10**9) + at % 2) for at in range(DECOYS // 2) for side in (-1, 1)]
    if type(value) is float:
        return [value + side * chance.uniform(10**6, 10**9) for _ in range(DECOYS // 2) for side in (-1, 1)]
    if type(value) is tuple and value:
        return [(decoy, *value[1:]) for decoy in decoys(value[0])]
    return []


class Far:
    """An object of the program."""

    __slots__ = ("__weakref__",)

    def __getattr__(self, name):
        if name in ("__set_name__", "__mro_entries__", "__del__", "__objclass__"):
            raise AttributeError(name)
        return PORT.request("get", self, name)

    def __setattr__(self, name, value):
        PORT.request("set", self, name, value)

    def __delattr__(self, name):
        PORT.request("del", self, name)

    def __dir__(self):
        return PORT.request("dir", self)

    def __repr__(self):
        return ask(self, "repr")

    def __str__(self):
        return ask(self, "str")

    def __format__(self, spec):
        return ask(self, "format", spec)

    def __hash__(self):
        return ask(self, "hash")

    def __eq__(self, other):
        return compare(self, "eq", other)

    def __ne__(self, other):
        return compare(self, "ne", other)


def ask(far, name, *args):
    """Lets the program do what `name` says with its object, and sees that the result is of the kind the language asks for."""
    if name in REDUCING and id(far) in PORT.told:
        raise TypeError("the program's object was computed with what the test expects, and cannot stand for a number; compare the data")
    result = PORT.request("op", f"__{name}__", far, *args)
    wanted = RESULTS.get(name)
    if wanted is not None and type(result) is not wanted:
        raise TypeError(f"__{name}__ of the program gave no {wanted.__name__}")
    return result


def compare(far, name, other):
    if is_far(other):
        result = PORT.request("op", f"__{name}__", far, other)
        if type(result) is bool or result is NotImplemented:
            return result
        raise TypeError(f"__{name}__ of the program gave no bool")
    if name in ("eq", "ne") and type(far) in PORT.plain_classes:
        if not isinstance(other, (list, dict, set, frozenset, tuple, str, int, float, bytes, bytearray)):
            return NotImplemented
        data = PORT.request("plain", far)
        if isinstance(data, Far):
            return NotImplemented
        return (data == other) is (name == "eq")
    return NotImplemented


def special(name):
    """The method of a class of the language that asks the program."""
    bare = name[2:-2]
    if bare == "call":
        return lambda self, *args, **kwargs: PORT.request("call", self, args, kwargs)
    if bare in ORDER:
        return lambda self, other: compare(self, bare, other)
    if bare == "contains":
        return contains
    if bare in BINARY or bare in IN_PLACE or bare[1:] in BINARY:
        operator = bare if bare in BINARY else bare[1:]

        def operate(self, other, *more):
            result = PORT.request("op", name, self, other, *more)
            if operator in TELLING and not is_far(other):
                if not is_far(result):
                    raise TypeError("the program's object computed plain data with what the test expects; compare the data instead")
                PORT.told.add(id(result))
            return result

        return operate
    return lambda self, *args: ask(self, bare, *args)


def rich_getattr(self, name):
    return PORT.request("get", self, name)


class FarFunction(Far):
    __slots__ = ()
    __doc__ = property(lambda self: PORT.request("get", self, "__doc__"))
    __call__ = special("__call__")

    def __get__(self, instance, owner=None):
        return self if instance is None else types.MethodType(self, instance)


FarFunction.__name__ = FarFunction.__qualname__ = "function"


class TestsPort(Port):
    """Asks the program."""

    def __init__(self, ask):
        super().__init__(ask, 0)
        self.plain_classes = set()
        self.told = set()
        self.last_line = None

    def request(self, act, *values):
        try:
            return super().request(act, *values)
        except (StopIteration, StopAsyncIteration) as error:
            if act in ("op", "await"):
                raise
            # It would end the loop of `all(map(…))` in the tests as if there were nothing more to test.
            raise RuntimeError(f"the program raised {type(error).__name__}") from None

    # What the program sends.

    def make_object(self, unpacker, node):
        kind, at = node[0], node[2]
        if type(at) is not int:
            raise wire.WireError("a reference that is no number")
        if at in self.imports:
            return self.imports[at]
        if kind == "K":
            return self.adopt(at, self.make_class(unpacker.cells(node[1]), node[3]))
        if kind == "H":
            (cls,) = unpacker.cells(node[1])
            if not isinstance(cls, FarType):
                raise wire.WireError("an object of no class")
            return self.adopt(at, object.__new__(cls))
        if kind == "Y":
            cls, data = unpacker.cells(node[1])
            base = cls.__mro__[-2] if isinstance(cls, FarType) else None
            if base is None or type(data) is not base:
                raise wire.WireError("data of another kind than its class")
            return self.adopt(at, base.__new__(cls, data))
        if kind == "P":
            return self.adopt(at, object.__new__(FarFunction))
        if kind == "W":
            return self.adopt(at, self.far_coroutine(at))
        if kind == "E":
            return self.adopt(at, self.make_error(*unpacker.cells(node[1]), node[3]))
        raise wire.WireError("an unknown object")

    def make_class(self, bases, info):
        if info is None:
            raise wire.WireError("a class that was never described")
        names = {}
        specials = [name for name in info["specials"] if name in KNOWN_SPECIALS]
        if info["error"]:
            bases = [base for base in bases if isinstance(base, type) and issubclass(base, BaseException)] or [Exception]
            names["__getattr__"] = rich_getattr
            names["__str__"] = lambda self: ask(self, "str")
        elif info["rich"]:
            rich = {"int": int, "float": float, "str": str, "bytes": bytes, "tuple": tuple, "frozenset": frozenset, "complex": complex}[info["rich"]]
            bases = [rich]
            names["__getattr__"] = rich_getattr
            names["__repr__"] = lambda self: ask(self, "repr")
            names["__str__"] = lambda self: ask(self, "str")
        else:
            bases = [base for base in bases if isinstance(base, FarType) and issubclass(base, Far)] or [Far]
            for name in specials:
                if name not in Far.__dict__:
                    names[name] = special(name)
            if info["unhashable"]:
                names["__hash__"] = None
            names["__slots__"] = ()
        names["__module__"] = "__main__"
        names["__doc__"] = info["doc"]
        try:
            cls = type.__new__(FarType, info["name"], tuple(bases), names)
        except TypeError:
            cls = type.__new__(FarType, info["name"], (bases[0],), names)
        if info["plain"]:
            self.plain_classes.add(cls)
        return cls

    def make_error(self, cls, args, info):
        if not (isinstance(cls, type) and issubclass(cls, BaseException)) or type(args) is not tuple:
            raise wire.WireError("an error of no class")
        if cls.__module__.startswith(("unittest", "doctest")):
            # Some of these mean that a test is skipped.
            return RuntimeError(f"the program raised {cls.__module__}.{cls.__name__}")
        if isinstance(cls, FarType):
            base = next(base for base in cls.__mro__ if not isinstance(base, FarType))
            error = base.__new__(cls, *args)
            error.args = args
        else:
            try:
                error = cls(*args)
            except TypeError:
                error = RuntimeError(f"{cls.__name__}: {args}")
        line = info.get("line")
        if type(line) is int:
            self.last_line = (id(error), line)
        return error

    def far_coroutine(self, at):
        async def far():
            return self.request("await", coroutine)

        coroutine = far()
        return coroutine

    # What the tests send.

    def pack_object(self, packer, value):
        if isinstance(value, BaseException):
            return ["E", [packer.cell(type(value)), packer.cell(value.args)], None]
        at = self.export(value)
        if isinstance(value, type) and issubclass(value, BaseException):
            return ["XC", packer.cells(value.__bases__), at, {"name": value.__name__}]
        if isinstance(value, FUNCTIONS):
            return ["F", [], at, describe_function(value)]
        kind = type(value)
        return ["U", [], at, {"name": kind.__name__, "specials": specials_of(kind)}]

    def perform(self, act, *values):
        """The program may do with the tests' objects what tests hand them over for, and look no deeper."""
        if act == "call":
            function, args, kwargs = values
            self.need_own(function)
            result = function(*args, **kwargs)
            if isinstance(result, types.CoroutineType) and not is_far(result):
                return run_coroutine(result)
            return result
        if act in ("get", "set"):
            self.need_own(values[0])
            if type(values[1]) is not str or values[1].startswith(HIDDEN):
                raise AttributeError(f"{values[1]!r} of an object of the tests is not for the program")
            return builtins.getattr(values[0], values[1]) if act == "get" else builtins.setattr(*values)
        if act == "op":
            name, target, *operands = values
            self.need_own(target)
            return OPERATE(name, target, *operands)
        raise wire.WireError("an unknown request")

    def need_own(self, value):
        if id(value) not in self.ids:
            raise wire.WireError("a request for what was never handed over")


def OPERATE(name, target, *operands):
    from .port import OPERATIONS

    if name not in KNOWN_SPECIALS:
        raise wire.WireError("an unknown operation")
    bare = name[2:-2]
    if bare in OPERATIONS:
        return OPERATIONS[bare](target, *operands)
    return OPERATIONS[bare[1:]](*reversed((target, *operands)))


KNOWN_SPECIALS = frozenset([f"__{name}__" for name in (*BINARY, *IN_PLACE, *ORDER, *UNARY, *OTHER)] + [f"__r{name}__" for name in BINARY] + ["__call__"])


def forward(module, function):
    """`function` of `module` for the program's objects too: it is done where they are."""

    def far(*args, **kwargs):
        if any(is_far(arg) for arg in args):
            return PORT.request("shared", module, function.__name__, args, kwargs)
        return function(*args, **kwargs)

    far.__name__ = function.__name__
    far.__wrapped__ = function
    return far


def start(ask):
    """Makes the port, and lets the library's functions that look into objects work with those of the program."""
    global PORT
    import copy
    import dataclasses
    import inspect
    import pickle

    PORT = TestsPort(ask)
    for module, names in (
        (dataclasses, ("asdict", "astuple", "replace", "fields", "is_dataclass")),
        (copy, ("copy", "deepcopy")),
        (pickle, ("dumps",)),
        (inspect, ("signature", "isgenerator", "isgeneratorfunction", "isasyncgenfunction", "iscoroutinefunction", "isfunction", "getmembers", "getdoc")),
    ):
        for name in names:
            setattr(module, name, forward(module.__name__, getattr(module, name)))
    return PORT
