//! The rules for Rust: what they find, and what they let pass.

use domain::language::Language;

use crate::check;

fn rules(code: &str) -> Vec<&'static str> {
    crate::rules(Language::Rust, code)
}

/// Code with a mistake, and the rule that finds it.
const MISTAKES: &[(&str, &str)] = &[
    ("fn f(v: &[i32]) -> i32 { v[v.len()] }", "index-past-end"),
    (
        "fn f(v: &[i32]) -> i32 { let mut s = 0; for i in 0..=v.len() { s += v[i]; } s }",
        "index-past-end",
    ),
    (
        "fn f(v: &[i32]) -> i32 { let mut s = 0; let mut i = 0; while i <= v.len() { s += v[i]; i += 1; } s }",
        "index-past-end",
    ),
    ("fn f() { for i in 10..0 { g(i); } }", "empty-range"),
    (
        "fn f(v: &[i32]) { for i in v.len()..0 { g(i); } }",
        "empty-range",
    ),
    (
        "fn f(v: &[i32]) { for i in 0..v.len() - 1 { g(v[i], v[i + 1]); } }",
        "length-underflow",
    ),
    (
        "fn f(m: &Mutex<i32>) { let _ = m.lock(); g(); }",
        "dropped-lock",
    ),
    (
        "async fn f(m: &Mutex<i32>) { let guard = m.lock().unwrap(); g(*guard).await; }",
        "lock-across-await",
    ),
    ("async fn f() { std::thread::sleep(d); }", "blocking-sleep"),
    ("static mut COUNT: u32 = 0;", "static-mut"),
    (
        "fn f() -> i32 { let mut x = 0; loop { x += 1; } }",
        "endless-loop",
    ),
    (
        "fn f(n: i32) -> i32 { let mut s = 0; let i = 0; while i < n { s += i; } s }",
        "endless-loop",
    ),
    ("fn f() -> i32 { return 1; g(); 2 }", "unreachable-code"),
    (
        "fn f(v: &[i32]) { for x in v { continue; g(x); } }",
        "unreachable-code",
    ),
    (
        "fn f(a: bool) -> i32 { if a { 1 } else { 1 } }",
        "same-branches",
    ),
    (
        "fn f(a: i32) -> i32 { if a > 1 { 1 } else if a > 1 { 2 } else { 3 } }",
        "repeated-condition",
    ),
    (
        "fn f(c: &C, n: &str) { c.query(&format!(\"SELECT a FROM t WHERE n = '{}'\", n)); }",
        "sql-injection",
    ),
    (
        "fn f(c: &C, n: &str) { let q = format!(\"DELETE FROM t WHERE n = {n}\"); c.execute(&q); }",
        "sql-injection",
    ),
    (
        "fn f() -> String { std::fs::read_to_string(\"a\").unwrap() }",
        "unwrapped-input",
    ),
    ("fn f(b: Vec<u8>) { std::mem::forget(b); }", "mem-forget"),
    ("fn f() -> i32 { let unused = 3; 4 }", "unused-variable"),
    ("use std::collections::HashMap;\nfn f() {}", "unused-import"),
    ("fn f(x: f64) -> bool { x == f64::NAN }", "nan-comparison"),
    ("fn f(x: f64) -> bool { x == 0.1 }", "float-equality"),
    (
        "fn f(a: i32, b: i32) -> bool { a == a && b > 1 }",
        "self-comparison",
    ),
    ("fn f(a: i32) -> i32 { a / 0 }", "division-by-zero"),
    ("fn f(s: &str) { s.trim(); }", "unused-result"),
    (
        "fn f(v: &[i32]) { v.iter().map(|x| g(x)); }",
        "unused-result",
    ),
    (
        "fn f(v: &[i32]) -> Vec<i32> { let mut out: Vec<i32> = Vec::new(); for x in v { if !out.contains(x) { out.push(*x); } } out }",
        "contains-in-loop",
    ),
];

#[test]
fn mistakes_are_found() {
    for (code, rule) in MISTAKES {
        let found = rules(code);
        assert!(
            found.contains(rule),
            "{code}\n{rule} is not among {found:?}"
        );
    }
}

#[test]
fn sound_code_passes() {
    for code in [
        "fn f(v: &[i32]) -> i32 { v[v.len() - 1] }",
        "fn f(v: &[i32]) -> i32 { let mut s = 0; for i in 0..v.len() { s += v[i]; } s }",
        "fn f(v: &[i32]) -> i32 { let mut s = 0; for i in 0..=v.len() { if i < v.len() { s += v[i]; } } s }",
        "fn f(v: &[i32]) -> bool { let mut i = 0; while i <= v.len() { if i < v.len() && v[i] > 1 { return true; } i += 1; } false }",
        "fn f(v: &[i32]) { for i in (0..v.len()).rev() { g(i); } }",
        "fn f(v: &[i32]) { if v.is_empty() { return; } for i in 0..v.len() - 1 { g(v[i], v[i + 1]); } }",
        "fn f(m: &Mutex<i32>) { let _guard = m.lock(); g(); }",
        "async fn f(m: &Mutex<i32>) { { let guard = m.lock().unwrap(); h(*guard); } g().await; }",
        "async fn f(m: &Mutex<i32>) { let guard = m.lock().unwrap(); h(*guard); drop(guard); g().await; }",
        "async fn f(m: &Mutex<i32>) { let guard = m.lock().await; g(*guard).await; }",
        "async fn f() { spawn_blocking(|| std::thread::sleep(d)).await; }",
        "fn f() { std::thread::sleep(d); }",
        "static COUNT: AtomicU32 = AtomicU32::new(0);",
        "fn f() { loop { let line = read(); handle(line); } }",
        "fn f() -> i32 { let mut x = 0; loop { x += 1; if x > 3 { break x; } } }",
        "fn f(n: i32) -> i32 { let mut s = 0; let mut i = 0; while i < n { s += i; i += 1; } s }",
        "fn f(q: &mut Vec<i32>) { while !q.is_empty() { q.pop(); } }",
        "fn f(flag: &AtomicBool) { while flag.load(Ordering::SeqCst) { g(); } }",
        "fn f() -> i32 { return g(); fn g() -> i32 { 2 } }",
        "fn f(a: i32) -> i32 { if a > 1 { return 1; } 2 }",
        "fn f(a: i32) -> i32 { if a > 1 { 1 } else if a > 2 { 2 } else { 3 } }",
        "fn f(c: &C, n: &str) { c.query(\"SELECT a FROM t WHERE n = ?\", &[n]); }",
        "fn f(n: &str) { println!(\"{}\", format!(\"SELECT a FROM t WHERE n = '{}'\", n)); }",
        "fn f(c: &C, t: &str) { c.query(&format!(\"SELECT a FROM {t} WHERE n = ?\")); }",
        "fn main() { let text = std::fs::read_to_string(\"a\").unwrap(); g(text); }",
        "#[test]\nfn f() { let text = std::fs::read_to_string(\"a\").unwrap(); g(text); }",
        "fn f() -> i32 { let _unused = 3; let used = 4; used }",
        "fn f() { let name = 3; println!(\"{name}\"); }",
        "use std::collections::HashMap;\nfn f(m: &HashMap<i32, i32>) {}",
        "use std::io::Read;\nfn f() {}",
        "fn f(x: f64) -> bool { x == 0.0 || x == 0.5 }",
        "fn f(x: f64) -> bool { x != x }",
        "fn f(a: &A, b: &A) -> bool { a.x == b.x }",
        "fn f(s: &str) -> &str { s.trim() }",
        "fn f(v: &mut Vec<i32>) { v.iter().map(|x| g(x)).collect::<Vec<_>>(); }",
        "fn f(v: &[i32], seen: &HashSet<i32>) -> bool { for x in v { if seen.contains(x) { return true; } } false }",
        "fn f(n: i32) -> bool { (1..n).contains(&3) }",
    ] {
        assert_eq!(rules(code), Vec::<&str>::new(), "{code}");
    }
}

#[test]
fn the_samples_are_clean() {
    for code in [
        include_str!("samples/parse_config.rs"),
        include_str!("samples/shape.rs"),
    ] {
        assert_eq!(rules(code), Vec::<&str>::new());
    }
}

#[test]
fn loops_that_look_ahead() {
    check(
        Language::Rust,
        &[
            (
                "fn f(v: &[i32]) -> bool { for i in 0..v.len() { if v[i] > v[i + 1] { return false; } } true }",
                &["index-past-end"],
            ),
            (
                "fn f(v: &[i32]) -> bool { for i in 0..v.len() { if i + 1 < v.len() && v[i] > v[i + 1] { return false; } } true }",
                &[],
            ),
            (
                "fn f(v: &[i32], g: fn(i32)) { for i in 0..v.len() { let is_last = i == v.len() - 1; if !is_last { g(v[i + 1]); } } }",
                &[],
            ),
            (
                "fn f(v: &[u8]) -> usize { for i in 0..v.len() { if v[i] == 7 && v[i + 1] == 8 { return i; } } 0 }",
                &[],
            ),
            (
                "fn f(v: &[i32], check: fn(usize) -> Option<i32>) -> Option<i32> { let mut s = 0; for i in 0..v.len() { check(i)?; s += v[i + 1]; } Some(s) }",
                &[],
            ),
            (
                "fn f(v: &[i32], g: fn(i32) -> Option<i32>) -> Option<i32> { let mut s = 0; for i in 0..v.len() { s += g(v[i + 1])?; } Some(s) }",
                &["index-past-end"],
            ),
            (
                "fn f(v: &[i32]) -> bool { for i in 0..v.len() { if v[i] == 0 { break; } if v[i] > v[i + 1] { return false; } } true }",
                &[],
            ),
        ],
    );
}
