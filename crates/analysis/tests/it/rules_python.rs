//! Rules for Python, each three ways: code it is about, code like it that is right, and the edge between them.

#![expect(clippy::too_many_lines, reason = "the cases of a rule stand together")]

use analysis::SyntaxAnalyser;
use domain::analysis::{CodeAnalyser, Finding, Severity};
use domain::ask::Style;
use domain::language::Language;

fn find(code: &str) -> Vec<Finding> {
    let analysis = SyntaxAnalyser::new().analyse(Language::Python, code, Style::Beginner);
    assert_eq!(analysis.syntax_errors, [], "{code}");
    analysis.findings
}

/// Lines at which `rule` finds something.
fn lines(rule: &str, code: &str) -> Vec<u32> {
    find(code)
        .into_iter()
        .filter(|finding| finding.rule == rule)
        .map(|finding| finding.line)
        .collect()
}

/// Cases of one rule: the lines it names, and the code.
#[track_caller]
fn check(rule: &str, cases: &[(&[u32], &str)]) {
    for (expected, code) in cases {
        assert_eq!(lines(rule, code), *expected, "{rule} in\n{code}");
    }
}

#[track_caller]
fn severity(rule: &str, code: &str) -> Severity {
    find(code)
        .into_iter()
        .find(|finding| finding.rule == rule)
        .unwrap_or_else(|| panic!("{rule} in\n{code}"))
        .severity
}

#[test]
fn clean_code_is_left_alone() {
    for code in [
        "import math\n\n\ndef area(radius: float) -> float:\n    return math.pi * radius ** 2\n\n\nprint(area(2.0))\n",
        "def mean(values):\n    if not values:\n        return 0\n    return sum(values) / len(values)\n",
        "def find(items, wanted):\n    for index, item in enumerate(items):\n        if item == wanted:\n            return index\n    return -1\n",
        "with open('a.txt') as file:\n    for line in file:\n        print(line.strip())\n",
        "class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n        self.items.append(item)\n",
        "async def main():\n    await work()\n\n\nasync def work():\n    return 1\n",
    ] {
        assert_eq!(find(code), [], "{code}");
    }
}

#[test]
fn a_finding_says_where_what_why_and_what_to_do() {
    let found = find("def f():\n    é = 1; return é + totl\n\n\ntotal = 3\nprint(f(), total)\n");
    let [finding] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((finding.line, finding.column), (2, 23));
    assert_eq!(finding.rule, "undefined-name");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        finding.message,
        "`totl` is used here but nothing defines it."
    );
    assert!(finding.fix.contains("`total`"), "{}", finding.fix);
    assert!(finding.why.ends_with('.'));
}

#[test]
fn findings_are_the_same_each_time() {
    let code = "import os\nimport sys\n\ndef f(x=[]):\n    x.append(y)\n    z = 1\n";
    assert_eq!(find(code), find(code));
    assert!(!find(code).is_empty());
}

#[test]
fn undefined_names() {
    check(
        "undefined-name",
        &[
            (&[2], "def f(a):\n    return a + b\n"),
            (&[1], "print(math.pi)\n"),
            (&[3], "class A:\n    x = 1\n    y = [x for _ in range(x)]\n"),
            (&[2], "def f():\n    return self.x\n"),
            (&[], "def f():\n    return later\n\n\nlater = 1\n"),
            (
                &[],
                "def f():\n    global made\n    made = 1\n\n\nprint(made)\n",
            ),
            (
                &[],
                "try:\n    text = unicode\nexcept NameError:\n    text = str\n",
            ),
            (
                &[],
                "try:\n    import json\nexcept ImportError:\n    json = None\nprint(json)\n",
            ),
            (&[], "from os import *\nprint(getcwd())\n"),
            (&[], "exec(source)\n"),
            (&[], "globals()['a'] = 1\nprint(a)\n"),
            (
                &[],
                "import sys\nif sys.version_info[0] < 3:\n    def f(x):\n        return unicode(x)\n",
            ),
            (
                &[],
                "def f(x):\n    match x:\n        case {'a': a, **rest}:\n            return a, rest\n        case [b, *c]:\n            return b, c\n",
            ),
            (&[], "if (n := 10) > 5:\n    print(n)\n"),
            (
                &[],
                "def f():\n    [y := 1 for _ in range(3)]\n    return y\n",
            ),
            (
                &[],
                "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner\n",
            ),
            (
                &[],
                "class A:\n    def f(self) -> 'A':\n        return __class__\n",
            ),
            (
                &[],
                "from __future__ import annotations\ndef f(x: Missing):\n    return x\n",
            ),
            (
                &[],
                "def f[T](x: T) -> T:\n    return x\n\ntype P[U] = list[U]\n",
            ),
            (
                &[],
                "try:\n    pass\nexcept ValueError as error:\n    print(error)\n",
            ),
            (&[], "lambda a, *b, c=1, **d: (a, b, c, d)\n"),
        ],
    );
}

#[test]
fn names_used_before_they_have_a_value() {
    check(
        "unbound-local",
        &[
            (&[4], "count = 0\n\ndef f():\n    count += 1\n"),
            (&[2], "def f():\n    total += 1\n    return total\n"),
            (
                &[],
                "count = 0\n\ndef f():\n    global count\n    count += 1\n",
            ),
            (
                &[],
                "def f():\n    count = 0\n    count += 1\n    return count\n",
            ),
            (&[], "def f(count):\n    count += 1\n    return count\n"),
        ],
    );
}

#[test]
fn unused_variables_and_imports() {
    check(
        "unused-variable",
        &[
            (&[2], "def f():\n    total = 1\n    return 2\n"),
            (
                &[4],
                "def f():\n    try:\n        return 1\n    except ValueError as error:\n        return 2\n",
            ),
            (&[], "def f():\n    _ignored = 1\n"),
            (&[], "def f():\n    a, b = 1, 2\n    return a\n"),
            (&[], "def f():\n    x = 1\n    return locals()\n"),
            (
                &[],
                "def f():\n    x = 1\n    def g():\n        return x\n    return g\n",
            ),
            (&[], "x = 1\n"),
            (&[], "def f():\n    x = 1  # noqa\n"),
        ],
    );
    check(
        "unused-import",
        &[
            (&[1], "import os\nprint(1)\n"),
            (&[1], "from a import b as c\nprint(b)\nb = 1\n"),
            (&[], "import os.path\nprint(os.path.sep)\n"),
            (&[], "from a import b\n\n\nclass C:\n    b = b\n"),
            (
                &[],
                "with a():\n    import b\n\n\ndef a():\n    return open('b')\n",
            ),
            (&[], "from a import b\n__all__ = ['b']\nprint(1)\n"),
            (&[], "from a import b as b\nprint(1)\n"),
            (&[], "from __future__ import division\nprint(1)\n"),
            (
                &[],
                "try:\n    import a\nexcept ImportError:\n    a = None\n",
            ),
            (
                &[],
                "from typing import List\ndef f(x: 'List[int]'):\n    return x\n",
            ),
            (&[], "from a import b\nx = []  # type: b\nprint(x)\n"),
            (&[], "from a import b\nfrom c import d\n"),
        ],
    );
}

#[test]
fn names_that_hide_built_in_ones() {
    check(
        "shadowed-builtin",
        &[
            (&[1], "list = [1, 2]\n"),
            (&[1], "def f(id):\n    return id\n"),
            (&[2], "list = [1]\nprint(list((1, 2)))\n"),
            (
                &[],
                "class A:\n    id = 1\n    def list(self):\n        return self.id\n",
            ),
            (&[], "items = [1]\n"),
            (&[], "from a import open\n"),
            (
                &[],
                "import sys\n\ninput = sys.stdin.readline\nprint(input())\n",
            ),
        ],
    );
    assert_eq!(severity("shadowed-builtin", "sum = 1\n"), Severity::Hint);
    assert_eq!(
        severity("shadowed-builtin", "sum = 1\nprint(sum([1]))\n"),
        Severity::Warning
    );
}

#[test]
fn mutable_defaults() {
    check(
        "mutable-default",
        &[
            (
                &[1],
                "def add(item, items=[]):\n    items.append(item)\n    return items\n",
            ),
            (&[1], "def f(options={}):\n    return options.get('a')\n"),
            (&[1], "def f(seen=set()):\n    seen.add(1)\n"),
            (
                &[],
                "def f(items=None):\n    items = items or []\n    return items\n",
            ),
            (&[], "def f(items=()):\n    return items\n"),
        ],
    );
    assert_eq!(
        severity("mutable-default", "def f(a=[]):\n    a.append(1)\n"),
        Severity::Warning
    );
    assert_eq!(
        severity("mutable-default", "def f(a=[]):\n    return len(a)\n"),
        Severity::Hint
    );
}

#[test]
fn exceptions() {
    check(
        "bare-except",
        &[
            (&[3], "try:\n    a()\nexcept:\n    print(1)\na = print\n"),
            (&[], "try:\n    print()\nexcept:\n    print(1)\n    raise\n"),
            (&[], "try:\n    print()\nexcept ValueError:\n    print(1)\n"),
        ],
    );
    check(
        "swallowed-exception",
        &[
            (&[3], "try:\n    print()\nexcept Exception:\n    pass\n"),
            (&[], "try:\n    print()\nexcept KeyError:\n    pass\n"),
            (
                &[],
                "try:\n    print()\nexcept Exception as error:\n    print(error)\n",
            ),
        ],
    );
    check(
        "except-or",
        &[
            (
                &[3],
                "try:\n    print()\nexcept ValueError or TypeError:\n    print(1)\n",
            ),
            (
                &[],
                "try:\n    print()\nexcept (ValueError, TypeError):\n    print(1)\n",
            ),
        ],
    );
    check(
        "raise-not-implemented",
        &[
            (&[2], "def f():\n    raise NotImplemented\n"),
            (&[2], "def f():\n    raise NotImplemented('later')\n"),
            (&[], "def f():\n    raise NotImplementedError\n"),
        ],
    );
    check(
        "return-in-finally",
        &[
            (
                &[5],
                "def f():\n    try:\n        return 1\n    finally:\n        return 2\n",
            ),
            (
                &[],
                "def f():\n    try:\n        return 1\n    finally:\n        for x in [1]:\n            break\n",
            ),
            (
                &[],
                "def f():\n    try:\n        print()\n    finally:\n        print()\n    return 2\n",
            ),
        ],
    );
    check(
        "assert-on-tuple",
        &[
            (&[1], "assert (1 == 1, 'one')\n"),
            (&[], "assert 1 == 1, 'one'\n"),
            (&[], "assert ()\n"),
        ],
    );
}

#[test]
fn loops_that_never_end() {
    check(
        "infinite-loop",
        &[
            (&[2], "n = 0\nwhile True:\n    n += 1\n"),
            (
                &[3],
                "def f(n):\n    i = 0\n    while i < n:\n        print(i)\n",
            ),
            (
                &[2],
                "def f(items):\n    while len(items) > 0:\n        print(items)\n",
            ),
            (
                &[],
                "def f(n):\n    i = 0\n    while i < n:\n        print(i)\n        i += 1\n",
            ),
            (
                &[],
                "def f(items):\n    while items:\n        print(items.pop())\n",
            ),
            (
                &[],
                "def f(items):\n    while len(items) > 3:\n        shrink(items)\n\ndef shrink(items):\n    items.pop()\n",
            ),
            (&[], "while True:\n    if input() == 'q':\n        break\n"),
            (&[], "def f():\n    while True:\n        yield 1\n"),
            (
                &[],
                "while True:\n    serve()\n\ndef serve():\n    raise SystemExit\n",
            ),
            (
                &[],
                "def f(node):\n    while node.next:\n        print(1)\n",
            ),
            (
                &[],
                "import threading\n\ndef f():\n    done = False\n    def stop():\n        nonlocal done\n        done = True\n    threading.Timer(1, stop).start()\n    while not done:\n        print()\n",
            ),
        ],
    );
}

#[test]
fn indexes_past_the_end() {
    check(
        "off-by-one",
        &[
            (
                &[3],
                "def f(x):\n    for i in range(len(x) + 1):\n        print(x[i])\n",
            ),
            (
                &[3],
                "def f(x):\n    for i in range(len(x)):\n        print(x[i] < x[i + 1])\n",
            ),
            (
                &[3],
                "def f(x):\n    for i in range(1, len(x)):\n        print(x[i + 1])\n",
            ),
            (&[2], "def f(x):\n    return x[len(x)]\n"),
            (
                &[3],
                "def f(x):\n    i = 0\n    while i <= len(x):\n        print(x[i])\n        i += 1\n",
            ),
            (
                &[],
                "def f(x):\n    for i in range(len(x) - 1):\n        print(x[i + 1])\n",
            ),
            (
                &[],
                "def f(x):\n    for i in range(len(x)):\n        if i + 1 < len(x):\n            print(x[i + 1])\n",
            ),
            (
                &[],
                "def f(x):\n    for i in range(len(x)):\n        print(x[i + 1:])\n",
            ),
            (&[], "def f(x):\n    x[len(x)] = 1\n"),
            (
                &[],
                "def f(x):\n    for i in range(len(x) + 1):\n        print(x[:i])\n",
            ),
            (
                &[],
                "def f(x):\n    for i in range(len(x)):\n        try:\n            print(x[i + 1])\n        except IndexError:\n            print()\n",
            ),
            (
                &[],
                "def f(x):\n    i = 0\n    while i <= len(x):\n        if i == len(x):\n            return 1\n        print(x[i])\n        i += 1\n    return 2\n",
            ),
        ],
    );
    check(
        "float-index",
        &[
            (&[2], "def f(x):\n    return x[len(x) / 2]\n"),
            (
                &[4],
                "def f(x):\n    n = len(x)\n    mid = (0 + n) / 2\n    return x[mid]\n",
            ),
            (&[1], "print(list(range(10 / 2)))\n"),
            (&[1], "print(list(range(input())))\n"),
            (&[], "def f(x):\n    return x[len(x) // 2]\n"),
            (&[], "def f(paths, root):\n    return paths[root / 'a']\n"),
        ],
    );
    check(
        "empty-range",
        &[
            (&[1], "for i in range(10, 0):\n    print(i)\n"),
            (
                &[2],
                "def f(x):\n    for i in range(len(x) - 1, -1):\n        print(x[i])\n",
            ),
            (&[1], "print(range(0, 5, 0))\n"),
            (&[1], "print(range(0, 10, -1))\n"),
            (&[], "for i in range(10, 0, -1):\n    print(i)\n"),
            (&[], "for i in range(0):\n    print(i)\n"),
            (&[], "def f(n):\n    return range(n, 0)\n"),
        ],
    );
    check(
        "iterate-number",
        &[
            (&[2], "def f(x):\n    for i in len(x):\n        print(i)\n"),
            (&[1], "for i in 10:\n    print(i)\n"),
            (&[1], "print([i for i in 5])\n"),
            (&[], "for i in range(10):\n    print(i)\n"),
            (&[], "def f(n):\n    for i in n:\n        print(i)\n"),
        ],
    );
}

#[test]
fn divisions() {
    check(
        "division-by-zero",
        &[
            (&[1], "x = 1 / 0\n"),
            (&[2], "def f(n):\n    return n % 0\n"),
            (
                &[],
                "try:\n    x = 1 / 0\nexcept ZeroDivisionError:\n    x = 0\n",
            ),
            (&[], "1 / 0\n"),
            (&[], "def f(n):\n    return n / 0.5\n"),
        ],
    );
    check(
        "division-by-zero-risk",
        &[
            (&[2], "def mean(x):\n    return sum(x) / len(x)\n"),
            (
                &[5],
                "def mean(x):\n    total = 0\n    for v in x:\n        total += v\n    return total / len(x)\n",
            ),
            (
                &[3],
                "def mean(x):\n    n = len(x)\n    return sum(x) / n\n",
            ),
            (
                &[],
                "def mean(x):\n    if len(x) == 0:\n        return 0\n    return sum(x) / len(x)\n",
            ),
            (
                &[],
                "def mean(x):\n    return sum(x) / len(x) if x else 0\n",
            ),
            (
                &[],
                "def mean(x):\n    try:\n        return sum(x) / len(x)\n    except ZeroDivisionError:\n        return 0\n",
            ),
            (
                &[],
                "def mean(x):\n    n = len(x) - 1 if x else 0\n    if n < 1:\n        raise ValueError\n    return sum(x) / len(x)\n",
            ),
            (&[], "x = [1, 2]\nprint(sum(x) / len(x))\n"),
        ],
    );
}

#[test]
fn comparisons() {
    check(
        "compare-none",
        &[
            (&[1], "print(input() == None)\n"),
            (&[1], "print(None != input())\n"),
            (&[], "print(input() is None)\n"),
        ],
    );
    check(
        "compare-nan",
        &[
            (&[1], "print(input() == float('nan'))\n"),
            (&[2], "import math\nprint(1.0 != math.nan)\n"),
            (&[], "import math\nprint(math.isnan(1.0))\n"),
        ],
    );
    check(
        "float-equality",
        &[
            (&[1], "print(0.1 + 0.2 == 0.3)\n"),
            (&[2], "def f(x):\n    return x == 0.1\n"),
            (&[], "def f(x):\n    return x == 0.5 or x == 1.0\n"),
            (&[], "def f(x):\n    assert x == 0.1\n"),
            (&[], "def f(x):\n    return x < 0.1\n"),
        ],
    );
    check(
        "is-literal",
        &[
            (&[1], "print(input() is 'a')\n"),
            (&[2], "def f(x):\n    return x is not 1\n"),
            (&[], "def f(x):\n    return x is True or x is None\n"),
        ],
    );
    check(
        "self-comparison",
        &[
            (&[2], "def f(x):\n    return x < x\n"),
            (&[], "def f(x):\n    return x != x\n"),
            (&[], "def f(x):\n    return x() < x()\n"),
        ],
    );
    check(
        "or-literal",
        &[
            (&[2], "def f(x):\n    return x == 'a' or 'b'\n"),
            (&[2], "def f(x):\n    return x == 1 or 2\n"),
            (&[], "def f(x):\n    return x == 1 or x == 2\n"),
            (&[], "def f(x):\n    return x or 'b'\n"),
        ],
    );
    check(
        "constant-condition",
        &[
            (&[2], "def f(x):\n    return x != 1 or x != 2\n"),
            (&[2], "def f(x):\n    return x == 1 and x == 2\n"),
            (&[2], "def f(x):\n    return x > 5 and x < 3\n"),
            (&[], "def f(x):\n    return x != 1 and x != 2\n"),
            (&[], "def f(x):\n    return x > 3 and x < 5\n"),
        ],
    );
    check(
        "text-and-number",
        &[
            (&[1], "print('total: ' + 3)\n"),
            (&[2], "age = input()\nif age > 18:\n    print(1)\n"),
            (&[2], "n = input()\nprint(n + 1)\n"),
            (&[2], "n = input()\nprint(n == 1)\n"),
            (&[], "n = int(input())\nprint(n + 1)\n"),
            (&[], "print('total: ' + str(3), 'a' * 3, '%d' % 3)\n"),
            (&[], "def f(n):\n    return 'a' + n\n"),
        ],
    );
}

#[test]
fn statements_without_effect() {
    check(
        "no-effect",
        &[
            (&[3], "def f():\n    x = 1\n    x == 2\n    return x\n"),
            (&[2], "def f(file):\n    file.close\n"),
            (&[], "def f(file):\n    file.close()\n"),
            (&[], "x = 1\nx == 1\n"),
            (
                &[],
                "def f(a):\n    try:\n        a == 1\n    except TypeError:\n        return 1\n",
            ),
        ],
    );
    check(
        "self-assignment",
        &[
            (&[2], "def f(x):\n    x = x\n    return x\n"),
            (
                &[3],
                "class A:\n    def f(self, x):\n        self.x = self.x\n",
            ),
            (&[], "class A:\n    def f(self, x):\n        self.x = x\n"),
            (&[], "def f(x):\n    x = x + 1\n    return x\n"),
        ],
    );
    check(
        "result-is-none",
        &[
            (&[2], "x = [2, 1]\nx = x.sort()\n"),
            (&[3], "def f():\n    x = [1]\n    return x.append(2)\n"),
            (&[2], "def f(x):\n    x = x.sort()\n    return x\n"),
            (&[2], "def f(x):\n    return print(x)\n"),
            (&[2], "import random\nx = random.shuffle([1])\n"),
            (&[], "x = [2, 1]\nx.sort()\n"),
            (
                &[],
                "def f(frame, row):\n    frame = frame.append(row)\n    return frame\n",
            ),
            (&[], "x = [1]\ny = x.pop()\n"),
        ],
    );
    check(
        "missing-f-prefix",
        &[
            (&[2], "name = 'a'\nprint('Hello {name}')\n"),
            (&[], "name = 'a'\nprint(f'Hello {name}')\n"),
            (&[], "print('Hello {name}')\n"),
            (&[], "name = 'a'\nprint('Hello {name}'.format(name=name))\n"),
        ],
    );
    check(
        "duplicate-dict-key",
        &[
            (&[1], "x = {'a': 1, 'b': 2, 'a': 3}\n"),
            (&[], "x = {'a': 1, 1: 2, '1': 3, b'a': 4}\n"),
        ],
    );
}

#[test]
fn ways_through_functions() {
    check(
        "unreachable-code",
        &[
            (&[3], "def f():\n    return 1\n    print(2)\n"),
            (
                &[4],
                "def f(x):\n    for i in x:\n        break\n        print(i)\n",
            ),
            (
                &[6],
                "def f(x):\n    if x:\n        return 1\n    else:\n        raise ValueError\n    print(2)\n",
            ),
            (&[3], "while True:\n    input()\nprint('done')\n"),
            (&[3], "import sys\nsys.exit(1)\nprint('done')\n"),
            (&[], "def f():\n    return\n    yield\n"),
            (
                &[],
                "while True:\n    if input():\n        break\nprint('done')\n",
            ),
            (
                &[],
                "def f(x):\n    with x:\n        raise ValueError\n    print(1)\n",
            ),
            (
                &[],
                "def f(x):\n    try:\n        return x()\n    except ValueError:\n        print()\n    return 1\n",
            ),
        ],
    );
    check(
        "missing-return-path",
        &[
            (
                &[1],
                "def all_even(x):\n    for v in x:\n        if v % 2:\n            return False\n",
            ),
            (
                &[1],
                "def fact(n):\n    if n == 0:\n        return 1\n    else:\n        n * fact(n - 1)\n",
            ),
            (&[1], "def f(n):\n    if n > 0:\n        return 1\n"),
            (
                &[],
                "def f(n):\n    if n > 0:\n        return 1\n    return None\n",
            ),
            (
                &[],
                "def f(n):\n    if n > 0:\n        return 1\n    raise ValueError\n",
            ),
            (
                &[],
                "def f(n):\n    while True:\n        if n():\n            return 1\n",
            ),
            (
                &[],
                "import sys\n\ndef f(n):\n    if n:\n        return 1\n    sys.exit(2)\n",
            ),
            (
                &[],
                "def f(n) -> int | None:\n    if n:\n        return 1\n",
            ),
            (&[], "def f(n):\n    if n:\n        return\n    print(n)\n"),
            (
                &[],
                "def f(n):\n    match n:\n        case 1:\n            return 1\n        case _:\n            return 2\n",
            ),
        ],
    );
    let code = "def all_even(x):\n    for v in x:\n        if v % 2:\n            return False\n";
    assert_eq!(severity("missing-return-path", code), Severity::Warning);
    let code = "def f(n):\n    if n > 0:\n        return 1\n";
    assert_eq!(severity("missing-return-path", code), Severity::Hint);
    check(
        "endless-recursion",
        &[
            (&[1], "def f(n):\n    return n * f(n - 1)\n"),
            (
                &[1],
                "def f(n):\n    if n:\n        f(1)\n    else:\n        f(2)\n",
            ),
            (
                &[],
                "def f(n):\n    if n == 0:\n        return 1\n    return n * f(n - 1)\n",
            ),
            (&[], "def f(n):\n    return n == 0 or f(n - 1)\n"),
            (&[], "def f(n):\n    return 1 if n < 2 else f(n - 1)\n"),
            (&[], "class A:\n    def print(self):\n        print(self)\n"),
        ],
    );
}

#[test]
fn functions_and_methods() {
    check(
        "init-returns-value",
        &[
            (
                &[3],
                "class A:\n    def __init__(self):\n        return 1\n",
            ),
            (
                &[],
                "class A:\n    def __init__(self):\n        return None\n",
            ),
            (&[], "def __init__():\n    return 1\n"),
        ],
    );
    check(
        "missing-self",
        &[
            (
                &[5],
                "class A:\n    def f(self):\n        return 1\n\n    def g():\n        return 2\n",
            ),
            (
                &[],
                "class A:\n    def f(self):\n        return 1\n\n    @staticmethod\n    def g():\n        return 2\n",
            ),
            (
                &[],
                "class A:\n    def f(self):\n        return A.g()\n\n    def g():\n        return 2\n",
            ),
            (&[], "class A:\n    def g():\n        return 2\n"),
        ],
    );
    check(
        "wrong-arguments",
        &[
            (&[4], "def f(a, b):\n    return a + b\n\nprint(f(1))\n"),
            (&[4], "def f(a):\n    return a\n\nprint(f(1, 2))\n"),
            (&[4], "def f(a):\n    return a\n\nprint(f(b=1))\n"),
            (
                &[5],
                "class A:\n    def __init__(self, x):\n        self.x = x\n\nprint(A())\n",
            ),
            (
                &[],
                "def f(a, b=2, *c, d=4, **e):\n    return a, b, c, d, e\n\nprint(f(1), f(1, 2, 3, d=4, z=5), f(a=1))\n",
            ),
            (
                &[],
                "def f(a, b):\n    return a + b\n\nargs = [1, 2]\nprint(f(*args))\n",
            ),
            (
                &[],
                "def f(a):\n    return a\n\nif input():\n    def f(a, b):\n        return a\n\nprint(f(1, 2))\n",
            ),
            (
                &[],
                "import functools\n\n@functools.wraps\ndef f(a):\n    return a\n\nprint(f())\n",
            ),
        ],
    );
    check(
        "never-awaited",
        &[
            (
                &[5],
                "async def work():\n    return 1\n\nasync def main():\n    work()\n",
            ),
            (
                &[4],
                "import asyncio\n\nasync def main():\n    asyncio.sleep(1)\n",
            ),
            (
                &[],
                "async def work():\n    return 1\n\nasync def main():\n    await work()\n",
            ),
            (
                &[],
                "import asyncio\n\nasync def work():\n    return 1\n\nasyncio.run(work())\n",
            ),
        ],
    );
    check(
        "blocking-in-async",
        &[
            (&[4], "import time\n\nasync def f():\n    time.sleep(1)\n"),
            (&[], "import time\n\ndef f():\n    time.sleep(1)\n"),
            (
                &[],
                "import time\n\nasync def f():\n    def g():\n        time.sleep(1)\n    return g\n",
            ),
        ],
    );
    check(
        "shared-class-attribute",
        &[
            (
                &[2],
                "class A:\n    items = []\n    def add(self, x):\n        self.items.append(x)\n",
            ),
            (
                &[],
                "class A:\n    def __init__(self):\n        self.items = []\n    def add(self, x):\n        self.items.append(x)\n",
            ),
            (
                &[],
                "class A:\n    items = []\n    def __init__(self):\n        self.items = []\n    def add(self, x):\n        self.items.append(x)\n",
            ),
            (
                &[],
                "class A:\n    registry = []\n    def add(self, x):\n        self.registry.append(x)\n",
            ),
            (
                &[],
                "class A:\n    items = []\n    def add(self, x):\n        A.items.append(x)\n        self.items.append(x)\n",
            ),
        ],
    );
}

#[test]
fn loops_over_what_they_change() {
    check(
        "modified-while-iterated",
        &[
            (&[3], "def f(x):\n    for v in x:\n        x.remove(v)\n"),
            (
                &[4],
                "def f(d):\n    for k in d.keys():\n        if k:\n            del d[k]\n",
            ),
            (
                &[4],
                "def f(x):\n    for i in range(len(x)):\n        if x[i]:\n            x.pop(i)\n",
            ),
            (
                &[],
                "def f(x):\n    for v in list(x):\n        x.remove(v)\n",
            ),
            (
                &[],
                "def f(x):\n    for v in x:\n        if v:\n            x.remove(v)\n            break\n",
            ),
            (
                &[],
                "def f(x):\n    for _ in range(len(x)):\n        x.pop()\n",
            ),
            (&[], "def f(d):\n    for k in d:\n        d[k] = 1\n"),
        ],
    );
    check(
        "loop-variable-captured",
        &[
            (
                &[3],
                "fs = []\nfor i in range(3):\n    fs.append(lambda: i)\n",
            ),
            (&[1], "fs = [lambda: i for i in range(3)]\n"),
            (
                &[],
                "fs = []\nfor i in range(3):\n    fs.append(lambda i=i: i)\n",
            ),
            (
                &[],
                "for row in [[1]]:\n    print(sorted(row, key=lambda v: row.index(v)))\n",
            ),
            (
                &[],
                "for i in range(3):\n    fs = []\n    fs.append(lambda: i)\n    print(fs[0]())\n",
            ),
        ],
    );
    check(
        "quadratic-membership",
        &[
            (
                &[4],
                "def f(x):\n    seen = []\n    for v in x:\n        if v not in seen:\n            seen.append(v)\n    return seen\n",
            ),
            (
                &[],
                "def f(x):\n    seen = set()\n    for v in x:\n        if v not in seen:\n            seen.add(v)\n    return seen\n",
            ),
        ],
    );
    check(
        "slow-list-front",
        &[
            (
                &[4],
                "def f(x):\n    queue = [x]\n    while queue:\n        print(queue.pop(0))\n",
            ),
            (
                &[],
                "def f(x):\n    queue = [x]\n    while queue:\n        print(queue.pop())\n",
            ),
            (&[], "queue = [1]\nprint(queue.pop(0))\n"),
        ],
    );
    check(
        "string-built-in-loop",
        &[
            (
                &[4],
                "def f(x):\n    text = ''\n    for v in x:\n        text += v\n    return text\n",
            ),
            (
                &[],
                "def f(x):\n    total = 0\n    for v in x:\n        total += v\n    return total\n",
            ),
            (
                &[],
                "def f(x):\n    for v in x:\n        text = 'a'\n        text += v\n        print(text)\n",
            ),
        ],
    );
}

#[test]
fn what_is_opened_and_not_closed() {
    check(
        "resource-leak",
        &[
            (
                &[2],
                "def f(path):\n    file = open(path)\n    return file.read()\n",
            ),
            (&[1], "text = open('a').read()\n"),
            (
                &[],
                "def f(path):\n    file = open(path)\n    text = file.read()\n    file.close()\n    return text\n",
            ),
            (&[], "def f(path):\n    return open(path)\n"),
            (
                &[],
                "def f(path):\n    file = open(path)\n    return file\n",
            ),
            (
                &[],
                "def f(path):\n    file = open(path)\n    with file:\n        return file.read()\n",
            ),
            (
                &[],
                "def f(open, path):\n    file = open(path)\n    return file.read()\n",
            ),
        ],
    );
}

#[test]
fn text_from_outside_that_is_run() {
    check(
        "sql-built-from-string",
        &[
            (
                &[2],
                "def f(db, name):\n    db.execute(f\"SELECT * FROM users WHERE name = '{name}'\")\n",
            ),
            (
                &[2],
                "def f(db, name):\n    db.execute('SELECT * FROM users WHERE name = ' + name)\n",
            ),
            (
                &[2],
                "def f(db, name):\n    db.execute('SELECT * FROM users WHERE id = %s' % name)\n",
            ),
            (
                &[3],
                "def f(db, name):\n    query = 'DELETE FROM users WHERE id = {}'.format(name)\n    db.execute(query)\n",
            ),
            (
                &[],
                "def f(db, name):\n    db.execute('SELECT * FROM users WHERE name = ?', (name,))\n",
            ),
            (
                &[],
                "TABLE = 'a'\n\ndef f(db):\n    db.execute(f'SELECT * FROM {TABLE}')\n",
            ),
            (&[], "def f(pool, job):\n    pool.execute(f'job {job}')\n"),
        ],
    );
    let code = "def f(db, table):\n    db.execute(f'SELECT * FROM {table}')\n";
    assert_eq!(severity("sql-built-from-string", code), Severity::Warning);
    check(
        "eval-exec",
        &[
            (&[1], "print(eval(input()))\n"),
            (&[], "print(eval('1 + 1'))\n"),
            (&[], "def eval(x):\n    return x\n\nprint(eval(input()))\n"),
        ],
    );
    check(
        "shell-built-from-string",
        &[
            (
                &[4],
                "import os\n\ndef f(name):\n    os.system('rm ' + name)\n",
            ),
            (
                &[4],
                "import subprocess\n\ndef f(name):\n    subprocess.run(f'rm {name}', shell=True)\n",
            ),
            (
                &[],
                "import subprocess\n\ndef f(name):\n    subprocess.run(['rm', name])\n",
            ),
            (&[], "import os\nos.system('clear')\n"),
            (
                &[],
                "import os\nimport shlex\n\ndef f(name):\n    os.system('rm ' + shlex.quote(name))\n",
            ),
        ],
    );
    check(
        "unsafe-load",
        &[
            (&[2], "import yaml\nprint(yaml.load(input()))\n"),
            (
                &[],
                "import yaml\nprint(yaml.safe_load(input()), yaml.load(input(), Loader=yaml.SafeLoader))\n",
            ),
            (
                &[4],
                "import pickle\n\ndef f(conn):\n    return pickle.loads(conn.recv(100))\n",
            ),
        ],
    );
    check(
        "no-timeout",
        &[
            (
                &[2],
                "import requests\nprint(requests.get('https://example.org'))\n",
            ),
            (
                &[],
                "import requests\nprint(requests.get('https://example.org', timeout=5))\n",
            ),
        ],
    );
}

#[test]
fn deep_code_is_read_without_findings() {
    let analyser = SyntaxAnalyser::new();
    for code in [
        format!("x = {}1{}\n", "(".repeat(2_000), ")".repeat(2_000)),
        format!("x = {}y\n", "y + ".repeat(3_000)),
        format!("x = y{}\n", ".a".repeat(3_000)),
        format!("x = {}1\n", "not ".repeat(3_000)),
        format!("{}x = 1\n", "if y: \\\n".repeat(3_000)),
        format!("x = {}y\n", "lambda: ".repeat(3_000)),
        (0..90).fold(String::new(), |code, depth| {
            code + &" ".repeat(depth) + "while a < b:\n"
        }) + &" ".repeat(90)
            + "a == 1\n",
    ] {
        analyser.analyse(Language::Python, &code, Style::Beginner);
    }
}

#[test]
fn what_matters_most_is_told_of_too_many_findings() {
    let mut code = (0..150).fold(String::new(), |code, i| {
        code + "import module_" + &i.to_string() + "\n"
    });
    code.push_str("\n\ndef ratio(x):\n    return x / 0\n");
    let analysis = SyntaxAnalyser::new().analyse(Language::Python, &code, Style::Technical);
    assert_eq!(analysis.findings.len(), 100);
    let last = analysis.findings.last().unwrap();
    assert_eq!(last.rule, "division-by-zero");
    assert!(
        analysis
            .findings
            .is_sorted_by_key(|finding| (finding.line, finding.column)),
        "not in order of lines"
    );
}

#[test]
fn waived_imports_are_passed_over() {
    check(
        "unused-import",
        &[
            (
                &[],
                "from shapes import (  # noqa: F401\n    circle,\n    square,\n)\n\nprint(1)\n",
            ),
            (
                &[],
                "from shapes import (\n    circle,\n    square,\n)  # noqa\n\nprint(1)\n",
            ),
            (&[], "# flake8: noqa\nimport shapes\n\nprint(1)\n"),
            (
                &[2, 3],
                "from shapes import (\n    circle,\n    square,\n)\n\nprint(1)\n",
            ),
        ],
    );
}

#[test]
fn fixed_words_and_placeholders_in_statements() {
    for code in [
        "def f(cur, ids, rows):\n    marks = ','.join('?' * len(ids))\n    cur.executemany(f'INSERT INTO t VALUES ({marks})', rows)\n",
        "def f(cur, d):\n    direction = 'DESC' if d else 'ASC'\n    cur.execute(f'SELECT a FROM t ORDER BY a {direction}')\n",
        "def f(cur, d):\n    if d:\n        way = 'DESC'\n    else:\n        way = 'ASC'\n    cur.execute('SELECT a FROM t ORDER BY a ' + way)\n",
        "COLUMNS = ('a', 'b')\ndef f(cur):\n    cur.execute(f\"SELECT {', '.join(COLUMNS)} FROM t\")\n",
        "def f(cur):\n    columns = ['a', 'b']\n    names = ', '.join(columns)\n    cur.execute(f'SELECT {names} FROM t')\n",
        "def f(cur, name):\n    parts = ['a = 1']\n    if name:\n        parts.append('b = ?')\n    cur.execute('SELECT a FROM t WHERE ' + ' AND '.join(parts), (name,))\n",
        "def f(cur, key):\n    columns = {'by-name': 'name', 'by-age': 'age'}\n    cur.execute(f'SELECT a FROM t ORDER BY {columns[key]}')\n",
    ] {
        assert_eq!(
            lines("sql-built-from-string", code),
            Vec::<u32>::new(),
            "{code}"
        );
    }
    check(
        "sql-built-from-string",
        &[
            (
                &[3],
                "def f(cur, name):\n    part = name if name else 'x'\n    cur.execute(f\"SELECT a FROM t WHERE b = '{part}'\")\n",
            ),
            (
                &[3],
                "def f(cur, names):\n    part = ','.join(names)\n    cur.execute(f'INSERT INTO t VALUES ({part})')\n",
            ),
            (
                &[5],
                "def f(cur, name):\n    parts = []\n    parts.append(name)\n    part = ','.join(parts)\n    cur.execute(f'INSERT INTO t VALUES ({part})')\n",
            ),
            (
                &[4],
                "def f(cur, name):\n    parts = ['a']\n    parts.append(name)\n    cur.execute(f\"INSERT INTO t VALUES ({','.join(parts)})\")\n",
            ),
            (
                &[4],
                "def f(cur, name):\n    parts = ['a']\n    parts += [name]\n    cur.execute(f\"INSERT INTO t VALUES ({','.join(parts)})\")\n",
            ),
            (
                &[4],
                "def f(cur, name):\n    parts = ['a']\n    parts[0] = name\n    cur.execute(f\"INSERT INTO t VALUES ({','.join(parts)})\")\n",
            ),
            (
                &[3],
                "def f(cur, name):\n    parts = [name]\n    cur.execute(f\"SELECT a FROM t WHERE b = '{parts[0]}'\")\n",
            ),
            (
                &[2],
                "def f(cur, name):\n    cur.execute(f\"SELECT a FROM t WHERE b = '{[name][0]}'\")\n",
            ),
        ],
    );
}

#[test]
fn indexes_that_something_else_keeps_in() {
    check(
        "off-by-one",
        &[
            (
                &[],
                "def f(xs, use):\n    for i in range(len(xs)):\n        is_last = i == len(xs) - 1\n        if not is_last:\n            use(xs[i + 1])\n",
            ),
            (
                &[],
                "def f(xs, use):\n    for i in range(len(xs)):\n        has_next = i + 1 < len(xs)\n        use(xs[i + 1] if has_next else None)\n",
            ),
            (
                &[],
                "def f(text, can_peek, use):\n    for i in range(len(text)):\n        if can_peek(i):\n            use(text[i + 1])\n",
            ),
            (
                &[4],
                "def f(xs, use):\n    for i in range(len(xs)):\n        is_big = xs[i] > 3\n        use(xs[i + 1] if is_big else None)\n",
            ),
            (
                &[3],
                "def is_sorted(xs):\n    for i in range(len(xs)):\n        if xs[i] > xs[i + 1]:\n            return False\n    return True\n",
            ),
            (
                &[3],
                "def find(xs, t):\n    i = 0\n    while i <= len(xs):\n        if xs[i] == t:\n            return i\n        i += 1\n    return -1\n",
            ),
            (
                &[],
                "def f(xs):\n    for i in range(len(xs)):\n        if xs[i] == 0:\n            return i\n        if xs[i] > xs[i + 1]:\n            return 1\n",
            ),
            (
                &[],
                "def f(text):\n    for i in range(len(text)):\n        if text[i] == '[' and text[i + 1] == ']':\n            return i\n",
            ),
            (
                &[],
                "def is_sorted(xs):\n    for i in range(len(xs) - 1):\n        if xs[i] > xs[i + 1]:\n            return False\n    return True\n",
            ),
        ],
    );
}

#[test]
fn input_ends_and_zero_stays_zero() {
    check(
        "infinite-loop",
        &[
            (
                &[],
                "while True:\n    line = input('> ')\n    print(line)\n",
            ),
            (&[1], "while True:\n    print('again')\n"),
        ],
    );
    check(
        "division-by-zero",
        &[
            (&[3], "def f(a):\n    n = 0\n    return a / n\n"),
            (&[3], "def f(a):\n    n = 0\n    return len(a) % n\n"),
            (&[2], "def f(a):\n    return a % 0\n"),
            (&[], "def f(fmt):\n    n = 0\n    return fmt % n\n"),
            (&[], "def f():\n    fmt = '%d'\n    return fmt % 0\n"),
            (
                &[],
                "def f(a, xs):\n    n = 0\n    for x in xs:\n        n += 1\n    return a / n\n",
            ),
            (&[], "def f(a):\n    n = 0\n    return a / n if n else 0\n"),
            (
                &[],
                "n = 0\ndef f(a):\n    return a / n\ndef g():\n    global n\n    n = 2\n",
            ),
        ],
    );
    check(
        "shadowed-builtin",
        &[
            (
                &[2],
                "def f(values):\n    max = values[0]\n    for v in values:\n        if v > max:\n            max = v\n    return max\n",
            ),
            (
                &[],
                "def f(source):\n    open = source.open\n    return open('a')\n",
            ),
            (
                &[],
                "def f(opener):\n    open = opener\n    return open('a')\n\n\ndef g(opener):\n    input = opener\n    return opener()\n",
            ),
        ],
    );
}
