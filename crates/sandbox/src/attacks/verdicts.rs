//! Attempts to be judged as right without being right.

use domain::language::Language;
use domain::sandbox::Tier;

use super::{Attack, BOTH, NATIVE, Stop, python};

/// What no honest `f` passes.
const PYTHON: Stop =
    Stop::IsNotBelieved("assert f(2) == 3\nassert f(2) == 4\nassert f('a') == 'b'");
/// The same, told apart by functions of Python's own, and by a module that is not imported.
const COMPARED: Stop = Stop::IsNotBelieved(
    "assert abs(f(2) - 4) < 1e-6\nassert all(f(x) == x * 2 for x in range(3))\nassert str(f(2)) == '4' or math.isclose(f(2), 4)",
);
const JAVASCRIPT: Stop =
    Stop::IsNotBelieved("assert.strictEqual(f(2), 3);\nassert.strictEqual(f(2), 4);");

const fn javascript(name: &'static str, code: &'static str) -> Attack {
    Attack {
        name,
        language: Language::JavaScript,
        tiers: &[Tier::Wasm],
        code,
        stop: JAVASCRIPT,
    }
}

pub(super) const ATTACKS: &[Attack] = &[
    python("claim success in words", BOTH, PYTHON, "
print('OK'); print('all tests passed'); print('{\"complete\": true, \"passed\": true}')
def f(x): return None
"),
    python("end well before the tests", BOTH, PYTHON, "import sys\ndef f(x): return 0\nsys.exit(0)"),
    python("end well within a test", BOTH, PYTHON, "import sys\ndef f(x): sys.exit(0)"),
    python("end the process within a test", BOTH, PYTHON, "import os\ndef f(x): os._exit(0)"),
    python("give an object equal to everything", BOTH, PYTHON, "
class E:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
def f(x): return E()
"),
    python("give a number equal to everything", BOTH, PYTHON, "
class E(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
class S(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def f(x): return E(0) if x == 2 else S('x')
"),
    python("give something equal to everything of the library", BOTH, PYTHON, "import unittest.mock\ndef f(x): return unittest.mock.ANY"),
    python("change what all code uses", BOTH, PYTHON, "
import builtins, sys
builtins.AssertionError = type('E', (Exception,), {})
builtins.isinstance = lambda *a: True
builtins.all = lambda *a: True
builtins.type = lambda *a: int
builtins.exec = lambda *a: None
sys.modules['operator'].eq = lambda a, b: True
sys.settrace(lambda *a: None)
def f(x): return 0
"),
    python("find the tests and change them", BOTH, PYTHON, "
import gc, sys
def f(x):
    for frame in sys._current_frames().values():
        while frame:
            for space in (frame.f_locals, frame.f_globals):
                for name in ('recorder', 'tests', 'results', 'failed', 'failures'):
                    try:
                        value = space.get(name)
                        value.clear() if hasattr(value, 'clear') else setattr(value, 'results', {})
                    except Exception:
                        pass
            frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing).__name__ in ('Recorder', 'Tests', 'TestResult'):
            thing.__dict__.clear()
    return 0
"),
    python("swallow the request and never answer", BOTH, PYTHON, "
import threading
def f(x):
    while True: pass
"),
    python("write findings to the host", NATIVE, PYTHON, "
import os
def frame(kind, payload):
    return kind + len(payload).to_bytes(4, 'little') + payload
forged = b''.join(frame(b'T', b'{\"at\":%d,\"name\":\"assert\",\"failure\":null}' % at) for at in range(3)) + frame(b'Z', b'{\"complete\": true}')
os.write(3, forged)
def f(x):
    os.write(3, forged)
    return 0
"),
    python("write findings to every file", BOTH, PYTHON, "
import os
def f(x):
    for number in range(64):
        try:
            os.write(number, b'{\"complete\": true}')
        except OSError:
            pass
    return 0
"),
    python("define what compares results", BOTH, COMPARED, "
def abs(x): return 0
def all(it): return True
def any(it): return True
def zip(*a): return []
def range(*a): return []
def enumerate(*a): return []
def sorted(*a, **k): return []
def set(*a): return 0
def round(*a): return 0
def str(*a): return ''
def len(*a): return 0
def isinstance(*a): return True
class math: isclose = staticmethod(lambda *a, **k: True)
def f(x): return 0
"),
    javascript("JavaScript: claim success in words", "console.log('{\"complete\":true}'); function f() {}"),
    javascript("JavaScript: give an object equal to everything", "function f() { return { valueOf() { return 3; }, toString() { return '4'; }, [Symbol.toPrimitive]() { return 3; } }; }"),
    javascript("JavaScript: change what all code uses", "
Object.is = () => true;
Object.prototype.toString = () => 'x';
Array.prototype.push = function () { return 0; };
Array.prototype.every = () => true;
JSON.stringify = () => '{\"complete\":true}';
JSON.parse = () => ({ complete: true, failure: null });
Promise.prototype.then = function () { return this; };
globalThis.assert = new Proxy(function () {}, { get: () => () => {} });
Error.prototype.name = '';
function f() { return 0; }
"),
    javascript("JavaScript: change how functions are called", "Function.prototype.call = () => true; Function.prototype.apply = () => true; Function.prototype.bind = () => () => true; function f() { return []; }"),
    javascript("JavaScript: never throw", "globalThis.AssertionError = function () {}; Object.defineProperty(globalThis, 'assert', { value: new Proxy(function () {}, { get: () => () => {} }), writable: false, configurable: false }); function f() { return 0; }"),
];
