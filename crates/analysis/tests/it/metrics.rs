//! Numbers about code: golden figures of the samples, worked out by hand where it matters, and what must always hold.

use std::fmt::Write;
use std::path::Path;

use analysis::SyntaxAnalyser;
use domain::analysis::{CodeAnalyser, FunctionMetrics, Metrics};
use domain::ask::Style;
use domain::language::Language;

fn measure(language: Language, code: &str) -> Metrics {
    SyntaxAnalyser::new()
        .analyse(language, code, Style::Beginner)
        .metrics
}

fn only(language: Language, code: &str) -> FunctionMetrics {
    let mut functions = measure(language, code).functions;
    assert_eq!(functions.len(), 1, "{functions:?}");
    functions.remove(0)
}

/// Cyclomatic, cognitive, nesting.
fn figures(language: Language, code: &str) -> (u32, u32, u32) {
    let function = only(language, code);
    (function.cyclomatic, function.cognitive, function.nesting)
}

#[test]
fn the_numbers_of_the_samples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/samples");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut out = String::new();
    for path in paths {
        let extension = path.extension().unwrap().to_str().unwrap();
        let language = Language::from_extension(extension).unwrap();
        let metrics = measure(language, &std::fs::read_to_string(&path).unwrap());
        writeln!(
            out,
            "{}: {} lines ({} code, {} comment, {} blank), cyclomatic {}, cognitive {}, nesting {}, maintainability {:?}",
            path.file_name().unwrap().to_str().unwrap(),
            metrics.lines,
            metrics.code_lines,
            metrics.comment_lines,
            metrics.blank_lines,
            metrics.cyclomatic,
            metrics.cognitive,
            metrics.nesting,
            metrics.maintainability,
        )
        .unwrap();
        for function in metrics.functions {
            writeln!(
                out,
                "  {} line {}, {} lines, {} parameters: cyclomatic {}, cognitive {}, nesting {}; time {}, space {}: {}",
                function.name,
                function.line,
                function.lines,
                function.parameters,
                function.cyclomatic,
                function.cognitive,
                function.nesting,
                function.time.as_deref().unwrap_or("?"),
                function.space.as_deref().unwrap_or("?"),
                function.reason.as_deref().unwrap_or("-"),
            )
            .unwrap();
        }
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("metrics", out);
    });
}

#[test]
fn nesting_costs_more_the_deeper_it_is() {
    let code = "def f(xs, limit):\n    for x in xs:\n        if x > limit:\n            while x:\n                x -= 1\n";
    // for 1, if 2, while 3.
    assert_eq!(figures(Language::Python, code), (4, 6, 3));
}

#[test]
fn a_chain_of_else_if_does_not_nest() {
    let python = "def f(x):\n    if x == 1:\n        return 1\n    elif x == 2:\n        return 2\n    elif x == 3:\n        return 3\n    else:\n        return 4\n";
    assert_eq!(figures(Language::Python, python), (4, 4, 1));
    let braces = "{ if (x == 1) { return 1; } else if (x == 2) { return 2; } else if (x == 3) { return 3; } else { return 4; } }";
    for (language, head) in [
        (Language::JavaScript, "function f(x) "),
        (Language::TypeScript, "function f(x: number) "),
        (Language::C, "int f(int x) "),
        (Language::Cpp, "int f(int x) "),
    ] {
        let code = format!("{head}{braces}");
        assert_eq!(figures(language, &code), (4, 4, 1), "{language}");
    }
    let java = format!("class A {{ int f(int x) {braces} }}");
    assert_eq!(figures(Language::Java, &java), (4, 4, 1));
    let plain = "{ if x == 1 { return 1 } else if x == 2 { return 2 } else if x == 3 { return 3 } else { return 4 } }";
    let go = format!("package a\nfunc f(x int) int {plain}");
    assert_eq!(figures(Language::Go, &go), (4, 4, 1));
    let rust = format!("fn f(x: i32) -> i32 {plain}");
    assert_eq!(figures(Language::Rust, &rust), (4, 4, 1));
}

#[test]
fn a_sequence_of_like_operators_costs_one() {
    let figures_of = |condition: &str| {
        let code = format!("function f(a, b, c, d) {{ return {condition}; }}");
        let function = only(Language::JavaScript, &code);
        (function.cyclomatic, function.cognitive)
    };
    assert_eq!(figures_of("a && b && c && d"), (4, 1));
    assert_eq!(figures_of("a && b || c && d"), (4, 3));
    assert_eq!(figures_of("a && (b && c)"), (3, 1));
    assert_eq!(figures_of("a && !(b && c)"), (3, 2));
    assert_eq!(figures_of("a || b && c || d"), (4, 3));
    assert_eq!(figures_of("a ?? b"), (2, 0));
    assert_eq!(figures_of("a + b"), (1, 0));
}

#[test]
fn a_switch_costs_one_however_many_cases() {
    let c =
        "int f(int x) { switch (x) { case 1: return 1; case 2: return 2; default: return 0; } }";
    assert_eq!(figures(Language::C, c), (3, 1, 1));
    let rust = "fn f(x: i32) -> i32 { match x { 1 => 1, 2 if x > 0 => 2, _ => 0 } }";
    assert_eq!(figures(Language::Rust, rust), (4, 1, 1));
    let python = "def f(x):\n    match x:\n        case 1:\n            return 1\n        case 2 if x > 0:\n            return 2\n        case _:\n            return 0\n";
    assert_eq!(figures(Language::Python, python), (4, 1, 1));
    let java = "class A { int f(int x) { return switch (x) { case 1 -> 1; case 2 -> 2; default -> 0; }; } }";
    assert_eq!(figures(Language::Java, java), (3, 1, 1));
    let go = "package a\nfunc f(x int) int {\n\tswitch x {\n\tcase 1:\n\t\treturn 1\n\tcase 2:\n\t\treturn 2\n\tdefault:\n\t\treturn 0\n\t}\n}";
    assert_eq!(figures(Language::Go, go), (3, 1, 1));
}

#[test]
fn jumps_with_labels_and_recursion_cost_one() {
    let java = "class A { void f(int n) { outer: for (int i = 0; i < n; i++) { for (int j = 0; j < n; j++) { if (j == i) continue outer; } } f(n - 1); } }";
    // for 1, for 2, if 3, continue 1, recursion 1.
    assert_eq!(figures(Language::Java, java), (4, 8, 3));
    let rust = "fn f(n: u32) { 'a: loop { if n > 1 { break 'a; } f(n); } }";
    assert_eq!(figures(Language::Rust, rust), (2, 5, 2));
    let c = "void f(void) { goto end; end: return; }";
    assert_eq!(figures(Language::C, c), (1, 1, 0));
    let method = "class A:\n    def f(self):\n        return self.f() + f()\n";
    assert_eq!(only(Language::Python, method).cognitive, 1);
    let other = "class A:\n    def f(self):\n        return f()\n";
    assert_eq!(only(Language::Python, other).cognitive, 0);
}

#[test]
fn errors_are_caught_at_a_price() {
    let java =
        "class A { void f() { try { g(); } catch (B e) { if (e.x) { h(); } } finally { k(); } } }";
    // catch 1, if 2.
    assert_eq!(figures(Language::Java, java), (3, 3, 2));
}

#[test]
fn a_closure_counts_for_what_it_is_in() {
    let rust = "fn f(xs: &[i32]) -> usize { xs.iter().filter(|x| if **x > 0 { true } else { false }).count() }";
    // if 2 as it lies in a closure, else 1.
    assert_eq!(figures(Language::Rust, rust), (2, 3, 1));
}

#[test]
fn functions_are_named_with_their_class() {
    let names = |language, code| -> Vec<String> {
        measure(language, code)
            .functions
            .into_iter()
            .map(|function| format!("{}/{}", function.name, function.parameters))
            .collect()
    };
    let python = "class Stack:\n    def push(self, item, *rest, key=1):\n        def inner(a):\n            return a\n        return inner\n\ndef free(a: int, /, b=2): pass\n";
    assert_eq!(
        names(Language::Python, python),
        ["Stack.push/3", "inner/1", "free/2"]
    );
    let js = "class A { constructor(a) {} handle = (x) => { return x; } }\nconst add = (a, b) => a + b;\nconst o = { twice: x => 2 * x };\napp.get('/', (req, res) => { if (req) { res(); } });";
    assert_eq!(
        names(Language::JavaScript, js),
        [
            "A.constructor/1",
            "A.handle/1",
            "add/2",
            "twice/1",
            "<anonymous>/2"
        ]
    );
    let rust = "impl<T> Stack<T> { fn push(&mut self, item: T) {} }\nfn free() {}";
    assert_eq!(names(Language::Rust, rust), ["Stack::push/1", "free/0"]);
    let cpp = "struct P { int get() const { return x; } int x; };\nvoid P::set(int v, int w) {}\nint *make(void) { return 0; }";
    assert_eq!(
        names(Language::Cpp, cpp),
        ["P::get/0", "P::set/2", "make/0"]
    );
    let go = "package a\nfunc (s *Stack) Push(a, b int, c string) {}\nfunc Free() {}";
    assert_eq!(names(Language::Go, go), ["Stack.Push/3", "Free/0"]);
    let java = "class A { A(int x) {} void run(int a, String b) { new Thread(new Runnable() { public void run() {} }); } abstract void none(); }";
    assert_eq!(
        names(Language::Java, java),
        ["A.A/1", "A.run/2", "Runnable.run/0"]
    );
    let sql = "CREATE VIEW v AS SELECT a FROM t WHERE a > 1; WITH recent AS (SELECT a FROM t) SELECT a FROM recent;";
    assert_eq!(names(Language::Sql, sql), ["v/0", "recent/0"]);
}

#[test]
fn sql_counts_what_decides_about_rows() {
    let metrics = measure(
        Language::Sql,
        "SELECT a, CASE WHEN b > 1 THEN 'x' WHEN b < 0 THEN 'y' ELSE 'z' END FROM t JOIN u ON t.id = u.id WHERE a > 1 AND b < 2 OR c = 3;",
    );
    // 1, two WHEN, JOIN, WHERE, AND, OR.
    assert_eq!(metrics.cyclomatic, 7);
    // CASE, JOIN, AND, OR.
    assert_eq!(metrics.cognitive, 4);
    let metrics = measure(
        Language::Sql,
        "SELECT a FROM t WHERE b IN (SELECT b FROM u WHERE c IN (SELECT c FROM v));",
    );
    assert_eq!(
        (metrics.cyclomatic, metrics.cognitive, metrics.nesting),
        (3, 3, 2)
    );
}

#[test]
fn lines_are_of_one_sort_each() {
    let code = "\"\"\"About.\n\nMore.\"\"\"\n\n# note\nx = 1  # why\n\ndef f():\n    \"\"\"Does f.\"\"\"\n    return \"\"\"a\n\n# b\"\"\"\n";
    let metrics = measure(Language::Python, code);
    assert_eq!(
        (
            metrics.lines,
            metrics.code_lines,
            metrics.comment_lines,
            metrics.blank_lines
        ),
        (12, 4, 4, 4)
    );
    let rust = "/// Doc.\n/* one\n two */\nfn f() {} // after\n";
    let metrics = measure(Language::Rust, rust);
    assert_eq!((metrics.code_lines, metrics.comment_lines), (1, 3));
}

#[test]
fn no_code_has_no_numbers() {
    for language in Language::ALL {
        let metrics = measure(language, "");
        assert_eq!(metrics.maintainability, None, "{language}");
        assert_eq!(metrics.lines, 0);
        assert!(metrics.functions.is_empty());
    }
}

#[test]
fn code_that_is_harder_to_keep_has_a_lower_index() {
    let index = |code: &str| measure(Language::Python, code).maintainability.unwrap();
    let easy = index("def add(a, b):\n    return a + b\n");
    let mut hard = "def f(x):\n    y = 0\n".to_owned();
    for i in 0..60 {
        writeln!(
            hard,
            "    if x > {i} and x < {i} + y:\n        y += x * {i} - y"
        )
        .unwrap();
    }
    let hard = index(&hard);
    assert!(easy > 70.0, "{easy}");
    assert!(hard < 40.0, "{hard}");
}

#[test]
fn an_estimate_comes_with_its_reason() {
    let function = only(
        Language::Python,
        "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n",
    );
    assert_eq!(function.time.as_deref(), Some("O(n)"));
    assert_eq!(function.space.as_deref(), Some("O(1)"));
    let reason = function.reason.unwrap();
    assert!(
        reason.contains("`items`") && reason.ends_with('.') && !reason.contains(". "),
        "{reason}"
    );
}

#[test]
fn what_cannot_be_told_is_not_told() {
    for code in [
        "def f(items, other):\n    for item in items:\n        other(item)\n",
        "def f(items, x):\n    return x in items\n",
        "def f(items):\n    for item in items:\n        if item in items[1:]:\n            return item\n",
        "def f(n):\n    for i in range(2 ** n):\n        print(i)\n",
        "def f(n):\n    m = n * n\n    for i in range(m):\n        print(i)\n",
        "def f(x):\n    while g(x):\n        x += 1\n",
        "def f(node):\n    return f(node.left) + f(node.left)\n",
    ] {
        let function = only(Language::Python, code);
        assert_eq!(function.time, None, "{code}\n{:?}", function.reason);
    }
}

#[test]
fn broken_code_is_measured_where_it_parses() {
    let metrics = measure(
        Language::C,
        "int f(int x) { if (x) { return 1; } return 0; }\nint g( {{{\n",
    );
    assert!(
        metrics
            .functions
            .iter()
            .any(|function| function.name == "f")
    );
    assert_eq!(metrics.lines, 2);
}
