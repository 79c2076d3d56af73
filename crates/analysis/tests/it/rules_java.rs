//! What is found in Java, and what is not.

use domain::language::Language;

fn rules(members: &str) -> Vec<&'static str> {
    let code = format!("class Sample {{\n{members}\n}}\n");
    crate::rules(Language::Java, &code)
}

/// A rule, members of a class with the mistake, and the same without it.
const CASES: &[(&str, &str, &str)] = &[
    (
        "string-identity",
        "boolean f(String a) { return a == \"x\"; }",
        "boolean f(String a) { return \"x\".equals(a) && a != null; }",
    ),
    (
        "string-identity",
        "boolean f(String a, String b) { return a == b; }",
        "boolean f(String a, String b) { return a == b || a.equals(b); }",
    ),
    (
        "boxed-identity",
        "boolean f(Integer a, Integer b) { return a == b; }",
        "boolean f(Integer a, int b) { return a == b; }",
    ),
    (
        "resource-leak",
        "int f(String path) throws Exception { FileReader in = new FileReader(path); return in.read(); }",
        "int f(String path) throws Exception { try (FileReader in = new FileReader(path)) { return in.read(); } }",
    ),
    (
        "resource-leak",
        "int f(String path) throws Exception { BufferedReader in = new BufferedReader(new FileReader(path)); return in.read(); }",
        "BufferedReader f(String path) throws Exception { BufferedReader in = new BufferedReader(new FileReader(path)); return in; }",
    ),
    (
        "empty-catch",
        "void f() { try { g(); } catch (RuntimeException e) { } }",
        "void f() { try { g(); } catch (RuntimeException e) { /* g is best effort */ } }",
    ),
    (
        "equals-without-hash-code",
        "public boolean equals(Object o) { return o instanceof Sample; }",
        "public boolean equals(Object o) { return o instanceof Sample; }\npublic int hashCode() { return 1; }",
    ),
    (
        "off-by-one",
        "int f(int[] a) { int s = 0; for (int i = 0; i <= a.length; i++) { s += a[i]; } return s; }",
        "int f(int[] a) { int s = 0; for (int i = 0; i < a.length; i++) { s += a[i]; } return s; }",
    ),
    (
        "off-by-one",
        "int f(List<Integer> a) { int s = 0; for (int i = 0; i <= a.size(); i++) { s += a.get(i); } return s; }",
        "int f(List<Integer> a) { int s = 0; for (int i = 1; i <= a.size(); i++) { s += a.get(i - 1); } return s; }",
    ),
    (
        "infinite-loop",
        "int f(int n) { int s = 0; while (n > 0) { s += n; } return s; }",
        "int f(int n) { int s = 0; while (n > 0) { s += n; n--; } return s; }",
    ),
    (
        "unreachable-code",
        "int f() { return 1; g(); }",
        "int f() { g(); return 1; }",
    ),
    (
        "missing-return-path",
        "int f(int x) { if (x > 0) { return 1; } }",
        "int f(int x) { for (;;) { if (x > 0) { return 1; } x++; } }",
    ),
    (
        "switch-fallthrough",
        "int f(int x) { int y = 0; switch (x) { case 1: y = 2; case 7: y = 3; break; default: y = 9; } return y; }",
        "int f(int x) { int y = 0; switch (x) { case 1: y = 2; break; case 7: y = 3; break; default: y = 9; } return y; }",
    ),
    (
        "string-concat-in-loop",
        "String f(List<String> xs) { String s = \"\"; for (String x : xs) { s += x; } return s; }",
        "String f(List<String> xs) { StringBuilder s = new StringBuilder(); for (String x : xs) { s.append(x); } return s.toString(); }",
    ),
    (
        "string-built-sql",
        "void f(Statement s, String n) throws Exception { s.executeQuery(\"SELECT * FROM t WHERE n = '\" + n + \"'\"); }",
        "void f(PreparedStatement s, String n) throws Exception { s.setString(1, n); s.executeQuery(); }",
    ),
    (
        "changed-while-iterated",
        "void f(List<String> xs) { for (String x : xs) { if (x.isEmpty()) { xs.remove(x); } } }",
        "void f(List<String> xs) { for (String x : xs) { if (x.isEmpty()) { xs.remove(x); break; } } }",
    ),
    (
        "unused-variable",
        "int f() { int left = 1; return 2; }",
        "int f() { int left = 1; return left; }",
    ),
    (
        "unused-private-member",
        "private int left = 1;",
        "private int left = 1;\nint f() { return left; }",
    ),
    (
        "division-by-zero",
        "int f(int n) { return n / 0; }",
        "int f(int n) { return n / 2; }",
    ),
    (
        "return-in-finally",
        "int f() { try { g(); } finally { return 1; } }",
        "int f() { try { g(); } finally { h(); } return 1; }",
    ),
    (
        "comparison-by-subtraction",
        "int value;\npublic int compareTo(Sample o) { return this.value - o.value; }",
        "int value;\npublic int compareTo(Sample o) { return Integer.compare(value, o.value); }",
    ),
    (
        "null-dereference",
        "boolean f(String x) { return x == null && x.isEmpty(); }",
        "boolean f(String x) { return x == null || x.isEmpty(); }",
    ),
    (
        "compare-nan",
        "boolean f(double x) { return x == Double.NaN; }",
        "boolean f(double x) { return Double.isNaN(x); }",
    ),
    (
        "float-equality",
        "boolean f(double x) { return x + 0.1 == 0.3; }",
        "boolean f(double x) { return Math.abs(x + 0.1 - 0.3) < 1e-9; }",
    ),
    (
        "integer-division",
        "double f(int a, int b) { double r = a / b; return r; }",
        "double f(int a, int b) { double r = (double) a / b; return r; }",
    ),
    (
        "empty-body",
        "void f(int x) { if (x > 1); { g(); } }",
        "void f(int x) { if (x > 1) { g(); } }",
    ),
    (
        "self-assignment",
        "int x;\nvoid f(int y) { y = y; }",
        "int x;\nvoid f(int x) { this.x = x; }",
    ),
];

#[test]
fn mistakes_are_found_and_right_code_is_left_alone() {
    for (rule, wrong, right) in CASES {
        assert!(
            rules(wrong).contains(rule),
            "{rule} is not found in: {wrong}"
        );
        let others = rules(right);
        assert!(others.is_empty(), "{others:?} in: {right}");
        assert_eq!(rules(wrong), rules(wrong));
    }
}

#[test]
fn every_way_out_of_a_labelled_loop_and_a_switch_is_followed() {
    let code = "int f(int x) {\n outer: for (;;) {\n inner: for (;;) { if (x > 3) { break inner; } if (x > 9) { continue outer; } x++; }\n if (x > 5) { return x; }\n }\n }\nint g(int x) { switch (x) { case 1: return 1; default: throw new IllegalStateException(); } }\nint h(int x) { synchronized (this) { try { return x; } finally { x++; } } }";
    assert_eq!(rules(code), Vec::<&str>::new());
}
