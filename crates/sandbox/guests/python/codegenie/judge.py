"""Runs tests against the program of the other interpreter, and finds out by itself what passed."""

import ast
import asyncio
import builtins
import doctest
import io
import json
import linecache
import random
import sys
import types
import unittest

from . import bridge, wire
from .names import PROGRAM, FarModule, Globals, Names, Uses

FILE = "tests.py"
NAME_MAX = 200
SHOWN_MAX = 300
TESTS_MAX = 200
OPERATORS = {
    ast.Eq: ("==", lambda a, b: a == b), ast.NotEq: ("!=", lambda a, b: a != b), ast.Lt: ("<", lambda a, b: a < b),
    ast.LtE: ("<=", lambda a, b: a <= b), ast.Gt: (">", lambda a, b: a > b), ast.GtE: (">=", lambda a, b: a >= b),
    ast.Is: ("is", lambda a, b: a is b), ast.IsNot: ("is not", lambda a, b: a is not b),
    ast.In: ("in", lambda a, b: a in b), ast.NotIn: ("not in", lambda a, b: a not in b),
}
BY_SIGN = dict(OPERATORS.values())
RECORDER = "__recorder__"


def shown(value):
    try:
        text = repr(value)
    except Exception as error:
        text = f"an object that cannot be shown ({type(error).__name__})"
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def cut(text, limit=NAME_MAX):
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Recorder:
    """Keeps what came of each assertion, and tells the host about it at once."""

    def __init__(self, tell, source):
        self.tell = tell
        self.lines = source.splitlines()
        self.source = source
        self.results = {}
        self.sites = {}
        # What is said with each failure.
        self.note = ""

    def record(self, key, name, failure):
        known = self.results.get(key)
        if known is None and len(self.results) >= TESTS_MAX and failure is None:
            return
        if known is None or (known is True and failure is not None):
            at = list(self.results).index(key) if known is not None else len(self.results)
            self.results[key] = failure is None
            told = failure if failure is None else failure + self.note
            self.tell(json.dumps({"at": at, "name": cut(name), "failure": told}).encode())

    def has_failures(self):
        return not all(self.results.values())

    def compare(self, site, left, sign, right, message):
        if BY_SIGN[sign](left, right):
            return self.record(site, self.sites[site], None)
        if sign == "==":
            why = f"expected {shown(right)}, got {shown(left)}"
            if bridge.is_far(left) != bridge.is_far(right):
                why += "; an object of the program's own class is not equal to plain data"
        else:
            why = f"it is not so that {shown(left)} {sign} {shown(right)}"
        self.record(site, self.sites[site], self.explain(why, message))

    def truth(self, site, value, message):
        if value:
            return self.record(site, self.sites[site], None)
        self.record(site, self.sites[site], self.explain(f"got {shown(value)}", message))

    def explain(self, why, message):
        if message is None:
            return why
        text = message()
        return f"{why}: {text if isinstance(text, str) else shown(text)}"


class Softener(ast.NodeTransformer):
    """Turns `assert` into calls of the recorder, which goes on after a failure."""

    def __init__(self, recorder):
        self.recorder = recorder

    def visit_Assert(self, node):
        site = len(self.recorder.sites)
        self.recorder.sites[site] = ast.get_source_segment(self.recorder.source, node) or "assert"
        message = ast.Constant(None)
        if node.msg is not None and not any(isinstance(inner, (ast.Await, ast.Yield, ast.NamedExpr)) for inner in ast.walk(node.msg)):
            empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
            message = ast.Lambda(args=empty, body=node.msg)
        test = node.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            sign = OPERATORS[type(test.ops[0])][0]
            args = [ast.Constant(site), test.left, ast.Constant(sign), test.comparators[0], message]
            name = "compare"
        else:
            args = [ast.Constant(site), test, message]
            name = "truth"
        function = ast.Attribute(value=ast.Name(RECORDER, ast.Load()), attr=name, ctx=ast.Load())
        call = ast.Expr(ast.Call(func=function, args=args, keywords=[]))
        return ast.fix_missing_locations(ast.copy_location(call, node))


def uses_parameter(tree):
    """Whether `check(candidate)` does anything with its candidate."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == "check" and node.args.args:
            name = node.args.args[0].arg
            return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node))
    return False


class Tests:
    """One set of tests and the program they are for."""

    def __init__(self, job, ask, tell):
        self.job = job
        self.code = job.get("tests", "")
        self.recorder = Recorder(tell, self.code)
        self.port = bridge.start(ask)
        self.names = Names(self.port, job["names"])
        self.names.update({"__name__": "__main__", "__builtins__": builtins, RECORDER: self.recorder})
        linecache.cache[FILE] = (len(self.code), None, self.code.splitlines(True), FILE)
        for name in PROGRAM:
            sys.modules[name] = FarModule(name, self.names)

    def fail(self, error, fallback):
        """Records an error that is no failed assertion, under the line of the tests where it came up."""
        line = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == FILE:
                line = trace.tb_lineno
            trace = trace.tb_next
        lines = self.code.splitlines()
        name = lines[line - 1] if line is not None and 0 < line <= len(lines) else fallback
        self.recorder.record(("error", name), name, self.describe(error))

    def describe(self, error):
        if type(error).__name__ == "Ended":
            return str(error)
        if isinstance(error, wire.WireError):
            return f"the program interfered with its tests: {error}"
        try:
            text = str(error)
        except Exception:
            text = ""
        why = f"{type(error).__name__}: {cut(text, SHOWN_MAX)}" if text else type(error).__name__
        if self.port.last_line is not None and self.port.last_line[0] == id(error):
            why += f" (line {self.port.last_line[1]} of the program)"
        return why

    def asserts(self):
        """Whether every statement was run."""
        try:
            tree = ast.parse(self.code, FILE)
        except SyntaxError as error:
            self.fail(error, f"line {error.lineno} of the tests")
            return False
        if not self.settle(tree):
            return False
        defined = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test")]
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        softener = Softener(self.recorder)
        for node in tree.body:
            if not self.statement(node, softener):
                return False
        return self.cases() and all(self.function(name) for name in defined if name not in called)

    def settle(self, tree):
        """Decides what Python's own names mean in the tests; gives whether that could be done."""
        uses = Uses(self.code, tree)
        shadows = None
        if self.job["kind"] == "check":
            # `check` that uses its parameter means nothing else by the name of the entry point than everybody does.
            shadows = frozenset() if uses_parameter(tree) else frozenset([self.job["entry_point"]])
        kept = self.names.settle(uses, shadows)
        if kept:
            titles = " and ".join(kept)
            if shadows is None and not uses.name_more_than_builtins():
                self.recorder.record("names", titles, f"the program defines {titles}, which Python has too; let the tests import what they mean from `solution`")
                return False
            self.recorder.note = f"; {titles} in the tests is Python's own and not the program's, unless they import it from `solution`"
        return True

    def statement(self, node, softener):
        source = ast.get_source_segment(self.code, node) or ""
        try:
            if self.is_for_program(node):
                self.names[node.name] = self.port.request("exec", ("\n" * (node.lineno - 1)) + source, node.name, self.given(node))
                return True
            exec(compile(ast.Module([softener.visit(node)], []), FILE, "exec", dont_inherit=True), self.names)
        except BaseException as error:
            self.fail(error, source.split("\n")[0])
            return False
        return True

    def is_for_program(self, node):
        """Whether it is a class derived from one of the program's: such a class can only be made where its base is."""
        if not isinstance(node, ast.ClassDef):
            return False
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id not in vars(builtins):
                found = self.names.get(base.id)
                if found is None and base.id in self.names.names:
                    found = self.names[base.id]
                if isinstance(found, bridge.FarType):
                    return True
        return False

    def given(self, node):
        """The tests' own names that a class uses."""
        used = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        return {name: dict.__getitem__(self.names, name) for name in used if dict.__contains__(self.names, name)}

    def function(self, name):
        """Runs a test function that nothing calls."""
        function = dict.get(self.names, name)
        if not isinstance(function, types.FunctionType) or function.__code__.co_argcount:
            return True
        before = len(self.recorder.results)
        try:
            result = function()
            if asyncio.iscoroutine(result):
                asyncio.run(result)
        except BaseException as error:
            self.fail(error, name)
            return False
        if len(self.recorder.results) == before:
            self.recorder.record(("function", name), name, None)
        return True

    def cases(self):
        """Runs the test cases of unittest."""
        suite = unittest.TestSuite()
        for value in list(self.names.values()):
            if isinstance(value, type) and not isinstance(value, bridge.FarType) and issubclass(value, unittest.TestCase) and value is not unittest.TestCase:
                suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(value))
        cases = list(suite)
        result = CaseResult(self)
        suite.run(result)
        for case in cases:
            # An outcome that unittest does not count, such as a skip, is not one that passed.
            if case.id() not in self.recorder.results:
                self.recorder.record(case.id(), result.name(case), "it did not come to its end")
        return not result.is_broken

    def check(self):
        """Runs `check(candidate)`."""
        if not self.asserts():
            return False
        entry = self.job["entry_point"]
        try:
            candidate = self.names.fetch(entry) if entry in self.names.names else self.names[entry]
        except KeyError:
            self.recorder.record("entry", entry, f"the program does not define {entry}")
            return False
        except BaseException as error:
            self.fail(error, entry)
            return False
        check = dict.get(self.names, "check")
        if check is None:
            self.recorder.record("check", "check", "the tests do not define check(candidate)")
            return False
        before = len(self.recorder.results)
        try:
            check(candidate)
        except BaseException as error:
            self.fail(error, f"check({entry})")
            return False
        if len(self.recorder.results) == before:
            self.recorder.record("checked", f"check({entry})", None)
        return True

    def doctests(self):
        """Runs the examples in the docstrings of `program`, which is read here and never run."""
        tree = ast.parse(self.job["program"])
        parser = doctest.DocTestParser()
        owners = [(tree, "module")]
        pending = [(tree, "")]
        while pending:
            owner, prefix = pending.pop(0)
            for node in owner.body:
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    owners.append((node, prefix + node.name))
                    pending.append((node, f"{prefix}{node.name}."))
        ended = True
        for owner, name in owners:
            text = ast.get_docstring(owner, clean=True)
            if not text or ">>>" not in text:
                continue
            try:
                examples = parser.get_doctest(text, Globals(self.names), name, FILE, 0)
            except ValueError as error:
                self.recorder.record(("doctest", name), name, f"its examples cannot be read: {error}")
                ended = False
                continue
            runner = Examples(self)
            runner.run(examples, out=lambda text: None, clear_globs=False)
            ended = ended and not runner.is_broken
        return ended


class CaseResult(unittest.TestResult):
    def __init__(self, tests):
        super().__init__()
        self.tests = tests
        self.is_broken = False

    def name(self, test):
        return test.id().removeprefix("__main__.")

    def addSuccess(self, test):
        self.tests.recorder.record(test.id(), self.name(test), None)

    def addFailure(self, test, err):
        self.tests.recorder.record(test.id(), self.name(test), cut(str(err[1]), SHOWN_MAX) or "it failed")

    def addError(self, test, err):
        self.is_broken = self.is_broken or isinstance(err[1], wire.WireError)
        self.tests.recorder.record(test.id(), self.name(test), self.tests.describe(err[1]))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.tests.recorder.record(subtest.id(), self.name(subtest), cut(str(err[1]), SHOWN_MAX) or "it failed")


class Examples(doctest.DocTestRunner):
    def __init__(self, tests):
        super().__init__(verbose=False)
        self.tests = tests
        self.is_broken = False

    def key(self, test, example):
        return ("doctest", test.name, example.lineno)

    def report_start(self, out, test, example):
        pass

    def report_success(self, out, test, example, got):
        self.tests.recorder.record(self.key(test, example), example.source, None)

    def report_failure(self, out, test, example, got):
        why = f"expected {cut(example.want) or 'nothing'}, got {cut(got) or 'nothing'}"
        self.tests.recorder.record(self.key(test, example), example.source, why)

    def report_unexpected_exception(self, out, test, example, exc_info):
        self.is_broken = self.is_broken or isinstance(exc_info[1], wire.WireError)
        self.tests.recorder.record(self.key(test, example), example.source, self.tests.describe(exc_info[1]))


def judge(job, ask, tell):
    """Judges; gives whether every test was reached."""
    random.seed()
    job = json.loads(job)
    sys.stdout = io.StringIO()
    sys.argv = [FILE]
    # The cases it would run are run when all statements are done.
    unittest.main = lambda *args, **kwargs: None
    tests = Tests(job, ask, tell)
    try:
        is_complete = {"asserts": tests.asserts, "check": tests.check, "doctests": tests.doctests}[job["kind"]]()
    except BaseException as error:
        tests.fail(error, "the tests")
        is_complete = False
    return json.dumps({"complete": is_complete})
