"""What names in tests mean: what the tests define, then what the program defines, but for Python's own names what Python means.

A program that defines `abs` or `all` would decide otherwise how its results are compared. Its own `abs` is meant where the tests name
nothing else of the program, and where they import it from `solution`.
"""

import ast
import builtins
import importlib
import symtable
import sys
import types

from . import bridge, wire

# These are for people at a prompt; no test uses them.
PROMPT = ("copyright", "credits", "exit", "help", "license", "quit")
BUILTINS = frozenset(vars(builtins)) - frozenset(PROMPT)
# Errors of a program may be called like Python's, but not like what fails a test or is caught with everything else.
GENERAL_ERRORS = ("AssertionError", "BaseException", "Exception")
PROGRAM = ("solution", "program", "main", "candidate")
MODULES = (sys.stdlib_module_names | {"numpy", "pandas"}) - {"antigravity", "this"}
ALIASES = {"np": "numpy", "pd": "pandas"}


class Uses:
    """What tests do with names that they do not define."""

    def __init__(self, code="", tree=None):
        self.free = free_names(code)
        # name → the attributes it is used for, where it is used for nothing else
        self.attributes = {}
        # Whether the tests import names of the program.
        self.are_imported = False
        owners = set()
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                owners.add(id(node.value))
                self.attributes.setdefault(node.value.id, set()).add(node.attr)
            elif isinstance(node, ast.Import):
                self.are_imported |= any(alias.name in PROGRAM for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                self.are_imported |= node.module in PROGRAM and any(alias.name != "*" for alias in node.names)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Name) and id(node) not in owners:
                self.attributes.pop(node.id, None)

    def name_more_than_builtins(self):
        """Whether the tests name something that only the program can define."""
        return self.are_imported or any(name not in BUILTINS and not self.means_module(name) for name in self.free)

    def means_module(self, name):
        return name in self.attributes and ALIASES.get(name, name) in MODULES


def free_names(code):
    """The names that `code` uses and does not define at its top."""
    top = symtable.symtable(code, "tests.py", "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = set()
    pending = [top]
    while pending:
        table = pending.pop()
        pending.extend(table.get_children())
        used.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and (table is top or symbol.is_global()))
    return used - bound


class Names(dict):
    """The tests' names: their own, then the program's, fetched when they are first wanted."""

    def __init__(self, port, names):
        super().__init__()
        self.port = port
        self.names = frozenset(names)
        self.uses = Uses()
        # Names of Python's own that mean what the program defines.
        self.shadows = frozenset()

    def settle(self, uses, shadows=None):
        """Decides what Python's own names mean in tests with these `uses`; gives those that stay Python's though the program has them."""
        self.uses = uses
        found = uses.free & BUILTINS & self.names
        if shadows is not None:
            self.shadows = found & shadows
        elif not uses.name_more_than_builtins() and len(found) == 1:
            self.shadows = found
        return sorted(found - self.shadows)

    def __missing__(self, name):
        if name not in self.names or self.withholds(name):
            raise KeyError(name)
        value = self.fetch(name)
        value = self.find_module(name, value) or value if bridge.is_far(value) or isinstance(value, types.ModuleType) else value
        if type(value) not in wire._MUTABLE:
            self[name] = value
        return value

    def fetch(self, name):
        """What the program defines under `name`."""
        return self.port.request("name", name)

    def withholds(self, name):
        """Whether `name` means Python's own, though the program defines it."""
        if name not in BUILTINS or name in self.shadows:
            return False
        own = getattr(builtins, name)
        if not (isinstance(own, type) and issubclass(own, BaseException)) or name in GENERAL_ERRORS:
            return True
        value = self.fetch(name)
        return not (isinstance(value, bridge.FarType) and issubclass(value, BaseException))

    def find_module(self, name, value):
        """The module that the tests mean with `name`, where the program has an object of its own there; else None."""
        title = ALIASES.get(name, name)
        if not self.uses.means_module(name) or isinstance(value, types.ModuleType) and value.__name__ == title:
            return None
        try:
            module = importlib.import_module(title)
        except ImportError:
            return None
        return module if all(hasattr(module, attribute) for attribute in self.uses.attributes[name]) else None


class Globals(Names):
    """A copy for one docstring; doctest copies what it is given. The program wrote the examples, so its names mean its own."""

    def __init__(self, names):
        super().__init__(names.port, names.names)
        self.shadows = BUILTINS
        self.update(names)

    def copy(self):
        return self


class FarModule(types.ModuleType):
    """`from solution import f` in tests."""

    def __init__(self, name, names):
        super().__init__(name)
        self.__dict__["_names"] = names

    def __getattr__(self, name):
        if name == "__all__":
            return sorted(name for name in self._names.names if not name.startswith("_") and not self._names.withholds(name))
        if name not in self._names.names:
            raise AttributeError(name)
        return self._names.fetch(name) if name in BUILTINS else self._names[name]
