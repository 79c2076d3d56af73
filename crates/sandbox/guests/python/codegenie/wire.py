"""Values as bytes, for two interpreters that share nothing.

A message is JSON: {"k": kind, "v": [cells], "n": [nodes]}. A cell is a plain scalar, or a list whose first entry says what it is;
["r", 3] is node 3. Nodes hold containers, so depth and cycles cost no stack. What is no data stays where it is and is
sent as a reference, by the port; the port also says what a reference of the other side becomes.
"""

import collections
import datetime
import decimal
import fractions
import io
import json
import random
import re
import sys
import types
import uuid

INT_INLINE = 2**53
# The objects both interpreters have under the same name.
SHARED_TYPES = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType)
SHARED_MODULES = frozenset()
MUTABLE = (list, dict, set, bytearray, collections.deque, collections.Counter, collections.OrderedDict, collections.defaultdict)
_MUTABLE = frozenset(MUTABLE)
_dumps = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":")).encode
_loads = json.loads


class WireError(BaseException):
    """The other side sent what no honest side sends. Not an Exception, so that tests cannot take it for one of the program's."""


def share_modules():
    """Remembers which modules both sides have: those loaded when the image is made."""
    global SHARED_MODULES
    SHARED_MODULES = frozenset(name for name in sys.modules if not name.startswith(("__main__", "codegenie", "app", "wit_world", "componentize_py", "poll_loop")))


def shared_name(value):
    """(module, qualified name) of what both sides have, or None."""
    module = getattr(value, "__module__", None)
    if isinstance(value, types.MethodDescriptorType):
        module = getattr(value.__objclass__, "__module__", None)
    name = getattr(value, "__qualname__", None)
    if type(module) is not str or type(name) is not str or module not in SHARED_MODULES:
        return None
    try:
        found = sys.modules[module]
        for part in name.split("."):
            found = getattr(found, part)
    except (AttributeError, KeyError):
        return None
    return (module, name) if found is value else None


def find_shared(module, name):
    if type(module) is not str or type(name) is not str or module not in SHARED_MODULES:
        raise WireError("an unknown module")
    try:
        found = sys.modules[module]
        for part in name.split("."):
            found = getattr(found, part)
    except (AttributeError, KeyError):
        raise WireError("an unknown name") from None
    # Never an instance: some, such as unittest.mock.ANY, are equal to everything.
    if not isinstance(found, SHARED_TYPES):
        raise WireError("a name that is no type or function")
    return found


class Packer:
    """Turns values into cells and nodes."""

    def __init__(self, port, known=None):
        self.port = port
        self.nodes = []
        self.seen = {}
        self.todo = []
        self.keep = []
        # id → node of the request this message answers
        self.known = known or {}

    def cell(self, value):
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -INT_INLINE < value < INT_INLINE else ["i", hex(value)]
        if kind is float:
            return value if value - value == 0.0 else ["f", repr(value)]
        if kind is bytes:
            return ["b", value.decode("latin-1")]
        if kind is complex:
            return ["c", self.cell(value.real), self.cell(value.imag)]
        if value is Ellipsis:
            return ["e"]
        if value is NotImplemented:
            return ["n"]
        key = id(value)
        if key in self.known:
            return ["a", self.known[key]]
        at = self.seen.get(key)
        if at is None:
            foreign = self.port.foreign_id(value)
            if foreign is not None:
                return ["y", foreign]
            at = self.seen[key] = len(self.nodes)
            self.nodes.append(None)
            self.keep.append(value)
            self.todo.append((at, value))
        return ["r", at]

    def cells(self, values):
        return [self.cell(value) for value in values]

    def flat(self, mapping):
        cells = []
        for key, value in dict.items(mapping):
            cells.append(self.cell(key))
            cells.append(self.cell(value))
        return cells

    def finish(self):
        while self.todo:
            at, value = self.todo.pop()
            self.nodes[at] = self.node(value)
        return self.nodes

    def node(self, value):
        kind = type(value)
        if kind is list:
            return ["l", self.cells(value)]
        if kind is tuple:
            return ["t", self.cells(value)]
        if kind is dict:
            return ["d", self.flat(value)]
        if kind is set:
            return ["s", self.cells(value)]
        pack = EXACT.get(kind)
        if pack is not None:
            packed = pack(self, value)
            if packed is not None:
                return packed
        if kind is types.ModuleType and value.__name__ in SHARED_MODULES:
            return ["M", value.__name__]
        if isinstance(value, SHARED_TYPES):
            name = shared_name(value)
            if name is not None:
                return ["g", *name]
        return self.port.pack_object(self, value)


def _pack_datetime(packer, value):
    offset = None
    if value.tzinfo is not None:
        if type(value.tzinfo) is not datetime.timezone:
            return None
        offset = value.utcoffset().total_seconds()
    return ["X", "datetime", [value.replace(tzinfo=None).isoformat(), offset, value.fold]]


EXACT = {
    frozenset: lambda p, v: ["z", p.cells(v)],
    bytearray: lambda p, v: ["B", bytes(v).decode("latin-1")],
    collections.deque: lambda p, v: ["q", v.maxlen, p.cells(v)],
    collections.Counter: lambda p, v: ["C", p.flat(v)],
    collections.OrderedDict: lambda p, v: ["O", p.flat(v)],
    collections.defaultdict: lambda p, v: ["D", p.cell(v.default_factory), p.flat(v)],
    range: lambda p, v: ["R", p.cells((v.start, v.stop, v.step))],
    slice: lambda p, v: ["S", p.cells((v.start, v.stop, v.step))],
    decimal.Decimal: lambda p, v: ["X", "decimal", [str(v)]],
    fractions.Fraction: lambda p, v: ["X", "fraction", [hex(v.numerator), hex(v.denominator)]],
    datetime.datetime: _pack_datetime,
    datetime.date: lambda p, v: ["X", "date", [v.isoformat()]],
    datetime.time: lambda p, v: ["X", "time", [v.isoformat(), v.fold]] if v.tzinfo is None else None,
    datetime.timedelta: lambda p, v: ["X", "timedelta", [v.days, v.seconds, v.microseconds]],
    datetime.timezone: lambda p, v: ["X", "timezone", [v.utcoffset(None).total_seconds()]],
    uuid.UUID: lambda p, v: ["X", "uuid", [v.hex]],
    re.Pattern: lambda p, v: ["X", "pattern", [v.pattern, int(v.flags)]] if type(v.pattern) is str else None,
}


def _datetime(text, offset, fold):
    value = datetime.datetime.fromisoformat(text).replace(fold=fold)
    return value if offset is None else value.replace(tzinfo=_timezone(offset))


def _timezone(offset):
    return datetime.timezone.utc if offset == 0 else datetime.timezone(datetime.timedelta(seconds=offset))


SCALARS = {
    "decimal": decimal.Decimal,
    "fraction": lambda n, d: fractions.Fraction(int(n, 16), int(d, 16)),
    "datetime": _datetime,
    "date": datetime.date.fromisoformat,
    "time": lambda text, fold: datetime.time.fromisoformat(text).replace(fold=fold),
    "timedelta": lambda d, s, m: datetime.timedelta(d, s, m),
    "timezone": _timezone,
    "uuid": lambda text: uuid.UUID(hex=text),
    "pattern": lambda text, flags: re.compile(text, flags),
}
SHELLS = {
    "l": list,
    "d": dict,
    "s": set,
    "B": bytearray,
    "C": collections.Counter,
    "O": collections.OrderedDict,
    "D": collections.defaultdict,
}
_MISSING = object()


class Unpacker:
    """Turns nodes into values. Whatever is malformed is a WireError."""

    def __init__(self, port, nodes, known=(), links={}):
        self.port = port
        self.nodes = nodes
        self.known = known
        self.values = [_MISSING] * len(nodes)
        for at, node in enumerate(nodes):
            shell = SHELLS.get(node[0])
            if shell is not None:
                linked = port.links.find(links.get(str(at)), shell)
                if linked is not None:
                    linked.clear()
                self.values[at] = shell() if linked is None else linked
            elif node[0] == "q":
                self.values[at] = collections.deque(maxlen=node[1])
        for at in range(len(nodes)):
            self.resolve(at)
        for at, node in enumerate(nodes):
            self.fill(node, self.values[at])
        for at, link in links.items():
            port.links.keep(link, self.values[int(at)])

    def resolve(self, at):
        """Makes node `at`, after the nodes it cannot be made without."""
        stack = [at]
        while stack:
            at = stack[-1]
            if self.values[at] is not _MISSING:
                stack.pop()
                continue
            if len(stack) > len(self.nodes):
                raise WireError("a value that contains itself")
            needed = [
                cell[1]
                for cell in self.needed(self.nodes[at])
                if type(cell) is list and cell and cell[0] == "r" and self.values[cell[1]] is _MISSING
            ]
            if needed:
                stack.extend(needed)
            else:
                self.values[at] = self.make(self.nodes[at])
                stack.pop()

    def needed(self, node):
        return () if node[0] in ("g", "M", "X") else node[1]

    def cell(self, cell):
        if type(cell) is not list:
            return cell
        kind = cell[0]
        if kind == "r":
            return self.values[cell[1]]
        if kind == "y":
            return self.port.own(cell[1])
        if kind == "a":
            return self.known[cell[1]]
        if kind == "i":
            return int(cell[1], 16)
        if kind == "f":
            return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}[cell[1]]
        if kind == "b":
            return cell[1].encode("latin-1")
        if kind == "c":
            return complex(self.cell(cell[1]), self.cell(cell[2]))
        if kind == "e":
            return Ellipsis
        if kind == "n":
            return NotImplemented
        raise WireError("an unknown cell")

    def cells(self, cells):
        return [self.cell(cell) for cell in cells]

    def make(self, node):
        kind = node[0]
        if kind == "t":
            return tuple(self.cells(node[1]))
        if kind == "z":
            return frozenset(self.cells(node[1]))
        if kind == "R":
            return range(*self.cells(node[1]))
        if kind == "S":
            return slice(*self.cells(node[1]))
        if kind == "X":
            return SCALARS[node[1]](*node[2])
        if kind == "g":
            return find_shared(node[1], node[2])
        if kind == "M":
            if node[1] not in SHARED_MODULES:
                raise WireError("an unknown module")
            return sys.modules[node[1]]
        return self.port.make_object(self, node)

    def fill(self, node, value):
        kind = node[0]
        if kind == "l":
            value.extend(self.cells(node[1]))
        elif kind == "q":
            value.extend(self.cells(node[2]))
        elif kind == "s":
            value.update(self.cells(node[1]))
        elif kind == "B":
            value.extend(node[1].encode("latin-1"))
        elif kind in ("d", "C", "O", "D"):
            flat = self.cells(node[-1])
            for at in range(0, len(flat), 2):
                dict.__setitem__(value, flat[at], flat[at + 1])
            if kind == "D":
                value.default_factory = self.cell(node[1])


def snapshot(value):
    """What is compared to see whether a container was changed."""
    if isinstance(value, dict):
        return list(dict.items(value))
    if isinstance(value, bytearray):
        return bytes(value)
    return list(value)


def is_changed(value, before):
    now = snapshot(value)
    if type(now) is bytes:
        return now != before
    if len(now) != len(before):
        return True
    if isinstance(value, dict):
        return any(a[0] is not b[0] or a[1] is not b[1] for a, b in zip(now, before))
    return any(a is not b for a, b in zip(now, before))


def replace_content(value, new):
    """Gives a container the content of another one of its kind."""
    if type(new) is not type(value):
        raise WireError("a container that changed its kind")
    if isinstance(value, (dict, set)):
        value.clear()
        value.update(new)
    elif isinstance(value, (list, bytearray)):
        value[:] = new
    else:
        value.clear()
        value.extend(new)


class Links:
    """Containers that both sides have, kept alike: what one side puts in is sent along with its next message.

    Only the latest, and only small ones that were passed or returned themselves: for the rest, each crossing makes a copy.
    """

    COUNT_MAX = 24
    ITEMS_MAX = 256

    def __init__(self, first):
        # One side counts in even numbers, the other in odd ones.
        self.next = first
        self.kept = {}
        self.ids = {}

    def add(self, values):
        if len(values) > 2 and type(values[-1]) is dict and type(values[-2]) is tuple:
            # A call: what counts are its arguments.
            values = [*values[-2], *values[-1].values()]
        for value in values:
            if type(value) in _MUTABLE and type(value) is not collections.deque and len(value) <= self.ITEMS_MAX and id(value) not in self.ids:
                self.keep(self.next, value)
                self.next += 2

    def keep(self, link, value):
        if type(link) is not int or type(value) not in _MUTABLE:
            raise WireError("a link to no container")
        known = self.kept.get(link)
        if known is not None and known[0] is not value:
            self.ids.pop(id(known[0]), None)
        self.kept[link] = [value, snapshot(value)]
        self.ids[id(value)] = link
        for old in [old for old in self.kept if old % 2 == link % 2 and old <= link - 2 * self.COUNT_MAX]:
            self.ids.pop(id(self.kept.pop(old)[0]), None)

    def find(self, link, kind):
        known = self.kept.get(link)
        return known[0] if known is not None and type(known[0]) is kind else None

    def of(self, values):
        """Node → link of those that are linked; they are sent whole, so both sides are alike afterwards."""
        links = {}
        for at, value in enumerate(values):
            link = self.ids.get(id(value))
            if link is not None and self.kept[link][0] is value:
                links[at] = link
                self.kept[link][1] = snapshot(value)
        return links

    def changes(self, sent):
        found = []
        for link, known in self.kept.items():
            if link not in sent and is_changed(known[0], known[1]):
                known[1] = snapshot(known[0])
                content = collections.defaultdict(known[0].default_factory, known[0]) if type(known[0]) is collections.defaultdict else type(known[0])(known[0])
                found.append((link, content))
        return found

    def update(self, link, content):
        known = self.kept.get(link)
        if known is not None:
            replace_content(known[0], content)
            known[1] = snapshot(known[0])


def pack(port, kind, values, known=None, changed=()):
    packer = Packer(port, known)
    message = {"k": kind, "v": packer.cells(values)}
    port.links.add(values)
    if changed:
        # The container itself is known to the other side; its content is sent under a new identity.
        message["m"] = [[at, packer.cell(type(value)(value) if type(value) is not collections.defaultdict else collections.defaultdict(value.default_factory, value))] for at, value in changed]
    nodes = packer.finish()
    links = port.links.of(packer.keep)
    updates = port.links.changes(set(links.values()))
    if links:
        message["l"] = links
    if updates:
        message["u"] = [[link, packer.cell(content)] for link, content in updates]
        packer.finish()
    message["n"] = nodes
    return _dumps(message).encode(), packer


def unpack(port, message, known=()):
    """(kind, values, unpacker, mutations)"""
    try:
        parsed = _loads(message)
        unpacker = Unpacker(port, parsed["n"], known, parsed.get("l", {}))
        for link, cell in parsed.get("u", ()):
            port.links.update(link, unpacker.cell(cell))
        return parsed["k"], unpacker.cells(parsed["v"]), unpacker, [(at, unpacker.cell(cell)) for at, cell in parsed.get("m", ())]
    except (WireError, MemoryError):
        raise
    except Exception as error:
        raise WireError(f"a message that cannot be read ({type(error).__name__}: {error})") from None
