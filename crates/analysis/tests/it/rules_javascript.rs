//! What is found in JavaScript and TypeScript, and what is not.

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

use crate::{check, rules};

/// A rule, code with the mistake, and the same code without it.
const CASES: &[(&str, &str, &str)] = &[
    (
        "loose-equality",
        "function f(x) { return x == ''; }",
        "function f(x) { return x === '' || x == null; }",
    ),
    (
        "invalid-typeof",
        "function f(x) { return typeof x === 'nubmer'; }",
        "function f(x) { return typeof x === 'number'; }",
    ),
    (
        "missing-await",
        "async function load() { return [1]; }\nasync function f() { const rows = load(); return rows.length; }",
        "async function load() { return [1]; }\nasync function f() { const rows = await load(); return rows.length; }",
    ),
    (
        "missing-await",
        "async function ok() { return true; }\nasync function f() { if (ok()) { return 1; } return 2; }",
        "async function ok() { return true; }\nasync function f() { if (await ok()) { return 1; } return 2; }",
    ),
    (
        "async-for-each",
        "async function f(xs, g) { xs.forEach(async (x) => { await g(x); }); }",
        "async function f(xs, g) { for (const x of xs) { await g(x); } }",
    ),
    (
        "async-promise-executor",
        "const p = new Promise(async (done) => { done(1); }); p.then(alert);",
        "const p = new Promise((done) => { done(1); }); p.then(alert);",
    ),
    (
        "implicit-global",
        "function f() { total = 1; return 2; }",
        "let total = 0;\nfunction f() { total = 1; return total; }",
    ),
    (
        "undefined-name",
        "function f(values) { let total = 0; for (const v of values) { total += v; } return totl; }",
        "function f(values) { let total = 0; for (const v of values) { total += v; } return total; }",
    ),
    (
        "const-reassigned",
        "const limit = 3;\nlimit = 4;",
        "let limit = 3;\nlimit = 4;",
    ),
    (
        "use-before-definition",
        "function f() { const a = b + 1; const b = 2; return a; }",
        "function f() { const b = 2; const a = b + 1; return a; }",
    ),
    (
        "unused-variable",
        "function f() { const left = 1; return 2; }",
        "function f() { const left = 1; return left; }",
    ),
    (
        "unused-import",
        "import { a, b } from './x.js';\nexport const c = a;",
        "import { a, b } from './x.js';\nexport const c = a + b;",
    ),
    (
        "shadowed-builtin",
        "function f(xs) { const Map = xs; return Map; }",
        "function f(xs) { const map = xs; return map; }",
    ),
    (
        "var-in-loop-closure",
        "function f() { for (var i = 0; i < 3; i++) { setTimeout(() => console.log(i), 10); } }",
        "function f() { for (let i = 0; i < 3; i++) { setTimeout(() => console.log(i), 10); } }",
    ),
    (
        "compare-nan",
        "function f(x) { return x === NaN; }",
        "function f(x) { return Number.isNaN(x); }",
    ),
    (
        "assignment-in-condition",
        "function f(a) { if (a = 1) { return 2; } return 3; }",
        "function f(a) { if (a === 1) { return 2; } return 3; }",
    ),
    (
        "off-by-one",
        "function f(a) { let s = 0; for (let i = 0; i <= a.length; i++) { s += a[i]; } return s; }",
        "function f(a) { let s = 0; for (let i = 0; i < a.length; i++) { s += a[i]; } return s; }",
    ),
    (
        "off-by-one",
        "function last(a) { return a[a.length]; }",
        "function add(a, x) { a[a.length] = x; return a[a.length - 1]; }",
    ),
    (
        "infinite-loop",
        "function f(n) { let i = 0; while (i < n) { console.log(i); } }",
        "function f(n) { let i = 0; while (i < n) { console.log(i); i++; } }",
    ),
    (
        "loop-direction",
        "function f(n) { for (let i = 0; i < n; i--) { console.log(i); } }",
        "function f(n) { for (let i = n; i > 0; i--) { console.log(i); } }",
    ),
    (
        "unreachable-code",
        "function f() { return 1; console.log(2); }",
        "function f() { console.log(g()); return 1; function g() {} }",
    ),
    (
        "missing-return-path",
        "function sign(x) { if (x > 0) { return 1; } else if (x < 0) { return -1; } }",
        "function sign(x) { if (x > 0) { return 1; } else if (x < 0) { return -1; } return 0; }",
    ),
    (
        "callback-without-return",
        "function f(xs) { return xs.map((x) => { x + 1; }); }",
        "function f(xs) { return xs.map((x) => { return x + 1; }); }",
    ),
    (
        "eval",
        "function f(text) { return eval(text); }",
        "function f(text) { return JSON.parse(text); }",
    ),
    (
        "unsafe-html",
        "function f(el, name) { el.innerHTML = '<b>' + name + '</b>'; }",
        "function f(el, name) { el.textContent = name; el.innerHTML = '<hr>'; }",
    ),
    (
        "string-built-sql",
        "function f(db, name) { return db.query(\"SELECT * FROM users WHERE name = '\" + name + \"'\"); }",
        "function f(db, name) { return db.query('SELECT * FROM users WHERE name = ?', [name]); }",
    ),
    (
        "string-built-sql",
        "function f(db, id) { return db.query(`SELECT * FROM users WHERE id = ${id}`); }",
        "function f(sql, id) { return sql`SELECT * FROM users WHERE id = ${id}`; }",
    ),
    (
        "quadratic-search",
        "function f(xs) { const seen = []; for (const x of xs) { if (!seen.includes(x)) { seen.push(x); } } return seen; }",
        "function f(xs) { const seen = new Set(); for (const x of xs) { seen.add(x); } return [...seen]; }",
    ),
    (
        "switch-fallthrough",
        "function f(x) { let y = 0; switch (x) { case 1: y = 2; case 4: y = 3; break; default: y = 9; } return y; }",
        "function f(x) { let y = 0; switch (x) { case 1: y = 2; break; case 4: y = 3; break; default: y = 9; } return y; }",
    ),
    (
        "switch-fallthrough",
        "function f(x) { let y = 0; switch (x) { case 1: y = 2; case 4: y += 3; y += 1; } return y; }",
        "function f(x) { let y = 0; switch (x) { case 1: y = 2; // falls through\n case 4: y += 3; y += 1; } return y; }",
    ),
    (
        "duplicate-key",
        "const a = { x: 1, x: 2 };\nconsole.log(a);",
        "const a = { x: 1, get y() { return 1; }, set y(v) { this.x = v; } };\nconsole.log(a);",
    ),
    (
        "duplicate-case",
        "function f(x) { switch (x) { case 1: return 'a'; case 1: return 'b'; default: return 'c'; } }",
        "function f(x) { switch (x) { case 1: return 'a'; case 2: return 'b'; default: return 'c'; } }",
    ),
    (
        "duplicate-parameter",
        "function f(a, a) { return a; }",
        "function f(a, b) { return a + b; }",
    ),
    (
        "duplicate-condition",
        "function f(x) { if (x > 1) { return 1; } else if (x > 1) { return 2; } return 3; }",
        "function f(x) { if (x > 2) { return 1; } else if (x > 1) { return 2; } return 3; }",
    ),
    (
        "same-branches",
        "function f(x, g) { if (x) { g(1); } else { g(1); } }",
        "function f(x, g) { if (x) { g(1); } else { g(2); } }",
    ),
    (
        "same-operands",
        "function f(a, b) { return a.x < a.x || b; }",
        "function f(a, b) { return a.x < b.x || b !== b; }",
    ),
    (
        "self-assignment",
        "function f(a) { a = a; return a; }",
        "function f(a, b) { a = b; return a; }",
    ),
    (
        "text-sort",
        "console.log([10, 9, 1].sort());",
        "console.log([10, 9, 1].sort((a, b) => a - b), [1, 2].sort());",
    ),
    (
        "for-in-array",
        "const xs = [1, 2];\nfor (const x in xs) { console.log(x); }",
        "const xs = [1, 2];\nfor (const x of xs) { console.log(x); }",
    ),
    (
        "float-equality",
        "console.log(0.1 + 0.2 === 0.3);",
        "console.log(Math.abs(0.1 + 0.2 - 0.3) < 1e-9, 0.5 + 0.25 === 0.75);",
    ),
    (
        "map-parse-int",
        "console.log(['1', '2'].map(parseInt));",
        "console.log(['1', '2'].map(Number));",
    ),
    (
        "delete-element",
        "const xs = [1, 2];\ndelete xs[0];",
        "const xs = { a: 1 };\ndelete xs['a'];",
    ),
    (
        "missing-super",
        "class A extends B { constructor() { this.x = 1; } }",
        "class A extends B { constructor() { super(); this.x = 1; } }",
    ),
    (
        "null-dereference",
        "function f(x) { return x === null && x.length > 0; }",
        "function f(x) { return x !== null && x.length > 0; }",
    ),
    (
        "empty-body",
        "function f(x, g) { if (x > 1); { g(); } }",
        "function f(x, g) { if (x > 1) { g(); } }",
    ),
    (
        "return-in-finally",
        "function f(g) { try { g(); } finally { return 1; } }",
        "function f(g) { try { g(); } finally { g.close(); } return 1; }",
    ),
    (
        "division-by-zero",
        "function f(n) { return n / 0; }",
        "function f(n) { return n / 2 + 1 / 0; }",
    ),
];

#[test]
fn mistakes_are_found_and_right_code_is_left_alone() {
    for (rule, wrong, right) in CASES {
        assert!(
            rules(Language::JavaScript, wrong).contains(rule),
            "{rule} is not found in: {wrong}"
        );
        let others = rules(Language::JavaScript, right);
        assert!(others.is_empty(), "{others:?} in: {right}");
        assert_eq!(
            rules(Language::JavaScript, wrong),
            rules(Language::JavaScript, wrong)
        );
    }
}

#[test]
fn typescript_is_read_with_its_types() {
    let code = "import type { Shape } from './shape';\ninterface Box { side: number }\nexport function area(b: Box, s?: Shape): number {\n  if (s == null) { return b.side * b.side; }\n  return s.area;\n}\nenum Level { Low, High }\nexport const start: Level = Level.Low;\n";
    assert_eq!(rules(Language::TypeScript, code), Vec::<&str>::new());
    assert_eq!(
        rules(Language::TypeScript, "const a: number = 1;\na = 2;\n"),
        ["const-reassigned"]
    );
}

#[test]
fn findings_say_where_and_what_to_do() {
    let analysis = SyntaxAnalyser::new().analyse(
        Language::JavaScript,
        "const é = 'ü'; const limit = 1;\nlimit = 2; console.log(é, limit);",
        Style::Technical,
    );
    let [finding] = analysis.findings.as_slice() else {
        panic!("{:?}", analysis.findings)
    };
    assert_eq!((finding.line, finding.column), (2, 1));
    assert!(finding.message.contains("`limit`") && finding.message.ends_with('.'));
    assert!(finding.fix.ends_with('.') && finding.why.ends_with('.'));
}

#[test]
fn deep_and_long_code_is_read_within_bounds() {
    let nested = format!(
        "function f(x) {{ {} {} }}",
        "if (x) { while (x < 1) {".repeat(1500),
        "}}".repeat(1500)
    );
    let sum = format!("const s = {};", vec!["a"; 20_000].join(" + "));
    let many = "function f(a) { return a[a.length]; }\n".repeat(3000);
    for code in [nested, sum, many] {
        let analysis = SyntaxAnalyser::new().analyse(Language::JavaScript, &code, Style::Technical);
        assert!(analysis.findings.len() <= 100);
    }
}

#[test]
fn loose_equality_is_told_wherever_a_value_is_written_out() {
    for language in [Language::JavaScript, Language::TypeScript] {
        for code in [
            "export const f = (input) => input == 5;",
            "export const f = (a) => a != '5';",
            "export const f = (a) => a == true || a === 1;",
            "export const f = (a) => a == -1;",
        ] {
            assert_eq!(rules(language, code), ["loose-equality"], "{code}");
        }
        for code in [
            "export const f = (a) => a == null || a != undefined;",
            "export const f = (a) => typeof a == 'string';",
            "export const f = (a) => a.length == 0;",
            "export const f = (a, b) => a == b;",
        ] {
            assert_eq!(rules(language, code), Vec::<&str>::new(), "{code}");
        }
    }
    for code in [
        "export const f = (a: number) => a == 5;",
        "export const f = (a: { b: string }): boolean => a.b != 'c';",
    ] {
        assert_eq!(
            rules(Language::TypeScript, code),
            Vec::<&str>::new(),
            "{code}"
        );
    }
    let twice = "export const f = (a, b) => {\n  if (a == 1) { return 2; }\n  return b == 3;\n};";
    assert_eq!(
        rules(Language::JavaScript, twice),
        ["loose-equality", "loose-equality"]
    );
}

#[test]
fn the_answer_of_fetch_is_awaited() {
    let wrong = "export async function f(u) { const res = fetch(u); const user = res.json(); return user; }";
    assert_eq!(rules(Language::JavaScript, wrong), ["missing-await"]);
    for code in [
        "export async function f(u) { const res = await fetch(u); return res.json(); }",
        "export function f(u) { const res = fetch(u); return res.then((r) => r.json()); }",
        "export async function f(u) { fetch(u); await u.done(); }",
        "export function f(u, fetch) { const res = fetch(u); return res.json(); }",
        "import { fetch } from './x.js';\nexport function f(u) { const res = fetch(u); return res.json(); }",
    ] {
        assert_eq!(
            rules(Language::JavaScript, code),
            Vec::<&str>::new(),
            "{code}"
        );
    }
}

#[test]
fn an_element_that_may_be_missing_is_asked_for() {
    check(
        Language::JavaScript,
        &[
            (
                "export function f(a, g) { for (let i = 0; i <= a.length; i++) { const c = a[i]; if (c === undefined) { break; } g(c); } }",
                &[],
            ),
            (
                "export function f(a, g) { for (let i = 0; i <= a.length; i++) { const c = a[i]; g(c ?? 1); } }",
                &[],
            ),
            (
                "export function f(a, g) { for (let i = 0; i <= a.length; i++) { const c = a[i]; g(c); } }",
                &["off-by-one"],
            ),
        ],
    );
}
