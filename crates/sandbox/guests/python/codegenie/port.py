"""Requests between two interpreters, either of which may ask while it is being asked."""

import asyncio
import operator
import types

from . import wire

# What a class may define that the language looks up on the class; each is done by the side that has the object.
BINARY = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "matmul": operator.matmul, "truediv": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod, "divmod": divmod, "pow": pow, "lshift": operator.lshift,
    "rshift": operator.rshift, "and": operator.and_, "xor": operator.xor, "or": operator.or_,
}
IN_PLACE = {
    "iadd": operator.iadd, "isub": operator.isub, "imul": operator.imul, "imatmul": operator.imatmul, "itruediv": operator.itruediv,
    "ifloordiv": operator.ifloordiv, "imod": operator.imod, "ipow": operator.ipow, "ilshift": operator.ilshift,
    "irshift": operator.irshift, "iand": operator.iand, "ixor": operator.ixor, "ior": operator.ior,
}
ORDER = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}
UNARY = {
    "len": len, "iter": iter, "next": next, "reversed": reversed, "abs": abs, "neg": operator.neg, "pos": operator.pos,
    "invert": operator.invert, "bool": bool, "int": int, "float": float, "complex": complex, "index": operator.index, "str": str, "repr": repr,
    "hash": hash, "bytes": bytes,
    "enter": lambda o: type(o).__enter__(o), "aenter": lambda o: type(o).__aenter__(o),
    "aiter": lambda o: type(o).__aiter__(o), "anext": lambda o: type(o).__anext__(o),
    "trunc": lambda o: type(o).__trunc__(o), "floor": lambda o: type(o).__floor__(o), "ceil": lambda o: type(o).__ceil__(o),
    "length_hint": operator.length_hint, "fspath": lambda o: type(o).__fspath__(o),
}
OTHER = {
    "getitem": operator.getitem, "setitem": operator.setitem, "delitem": operator.delitem, "contains": operator.contains,
    "round": round, "format": format,
    "exit": lambda o, *how: type(o).__exit__(o, *how), "aexit": lambda o, *how: type(o).__aexit__(o, *how),
}
OPERATIONS = {**BINARY, **IN_PLACE, **ORDER, **UNARY, **OTHER}
SPECIALS = [f"__{name}__" for name in OPERATIONS] + [f"__r{name}__" for name in BINARY] + ["__call__", "__await__"]


def specials_of(kind):
    return [name for name in SPECIALS if getattr(kind, name, None) is not None]


def run_coroutine(awaitable):
    """Runs `awaitable` to its end, even inside a running event loop."""

    async def wait():
        return await awaitable

    outer = asyncio._get_running_loop()
    task = asyncio.current_task(outer) if outer is not None else None
    if task is not None:
        asyncio.tasks._leave_task(outer, task)
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(wait())
    finally:
        loop.close()
        asyncio._set_running_loop(outer)
        if task is not None:
            asyncio.tasks._enter_task(outer, task)


class Port:
    """One side. Subclasses say how objects are shown to the other side, and what they may be asked."""

    def __init__(self, ask, first_link):
        self._ask = ask
        self.links = wire.Links(first_link)
        self.exports = []
        self.ids = {}
        self.foreign = {}
        self.imports = {}
        self.classes = {}

    # Objects of this side.

    def export(self, value):
        at = self.ids.get(id(value))
        if at is None:
            at = self.ids[id(value)] = len(self.exports)
            self.exports.append(value)
        return at

    def own(self, at):
        if type(at) is not int or not 0 <= at < len(self.exports):
            raise wire.WireError("an unknown reference")
        return self.exports[at]

    # Objects of the other side.

    def adopt(self, at, value):
        """Remembers `value` as what stands for the other side's object `at`."""
        self.imports[at] = value
        self.foreign[id(value)] = at
        return value

    def foreign_id(self, value):
        return self.foreign.get(id(value))

    # Requests.

    def request(self, *values):
        """Asks the other side and gives its answer, or raises what it raised."""
        message, packer = wire.pack(self, "q", values)
        while True:
            reply = self._ask(message)
            kind, answer, _, changed = wire.unpack(self, reply, packer.keep)
            for at, content in changed:
                wire.replace_content(packer.keep[at], content)
                self.links.of([packer.keep[at]])
            if kind == "q":
                message = self.serve_values(answer, _)
            elif kind == "a":
                return answer[0]
            elif kind == "x" and isinstance(answer[0], BaseException):
                raise answer[0]
            else:
                raise wire.WireError("an answer of no kind")

    def serve(self, message):
        kind, values, unpacker, _ = wire.unpack(self, message)
        return self.serve_values(values, unpacker)

    def serve_values(self, values, unpacker):
        known = {}
        before = []
        for at, value in enumerate(unpacker.values):
            if type(value) in wire._MUTABLE:
                known[id(value)] = at
                before.append((at, value, wire.snapshot(value)))
        try:
            kind, answer = "a", self.perform(*values)
        except wire.WireError:
            raise
        except BaseException as error:
            kind, answer = "x", error
        changed = [(at, value) for at, value, old in before if wire.is_changed(value, old)]
        self.flush()
        return wire.pack(self, kind, [answer], known, changed)[0]

    def flush(self):
        pass

    def perform(self, act, *values):
        raise NotImplementedError


def signature_of(function):
    """The parameters as [name, kind, has a default], or None."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[p.name, int(p.kind), p.default is not p.empty] for p in parameters]


def signature_from(parameters):
    import inspect

    if parameters is None:
        return None
    kinds = list(inspect._ParameterKind)
    return inspect.Signature(
        [inspect.Parameter(name, kinds[kind], default=None if has_default else inspect.Parameter.empty) for name, kind, has_default in parameters]
    )


def make_function(call, info):
    """A function of this side that calls one of the other side."""
    if info.get("async"):

        async def far(*args, **kwargs):
            return call(args, kwargs)
    else:

        def far(*args, **kwargs):
            return call(args, kwargs)

    far.__name__ = info["name"]
    far.__qualname__ = info["name"]
    far.__doc__ = info.get("doc")
    signature = signature_from(info.get("sig"))
    if signature is not None:
        far.__signature__ = signature
    return far


def describe_function(function):
    import inspect

    name = getattr(function, "__name__", None)
    doc = getattr(function, "__doc__", None)
    return {
        "name": name if type(name) is str else type(function).__name__,
        "doc": doc if type(doc) is str else None,
        "sig": signature_of(function),
        "async": inspect.iscoroutinefunction(function),
    }


FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType, types.MethodDescriptorType, types.WrapperDescriptorType)
