//! What is found in C and C++, and what is not.

use domain::language::Language;

use crate::{check, rules};

/// A rule, C with the mistake, and the same without it.
const C_CASES: &[(&str, &str, &str)] = &[
    (
        "unused-variable",
        "int f(void) { int a = 1; return 2; }",
        "int f(void) { int a = 1; return a; }",
    ),
    (
        "unbounded-copy",
        "void f(void) { char b[10]; gets(b); puts(b); }",
        "void f(void) { char b[10]; fgets(b, sizeof b, stdin); puts(b); }",
    ),
    (
        "unbounded-copy",
        "void f(char *s) { char b[10]; strcpy(b, s); puts(b); }",
        "void f(void) { char b[10]; strcpy(b, \"short\"); puts(b); }",
    ),
    (
        "unbounded-copy",
        "void f(void) { char b[10]; scanf(\"%s\", b); puts(b); }",
        "void f(void) { char b[10]; scanf(\"%9s\", b); puts(b); }",
    ),
    (
        "memory-leak",
        "int f(int n) { int *p = malloc(n * sizeof *p); p[0] = n; return p[0]; }",
        "int f(int n) { int *p = malloc(n * sizeof *p); p[0] = n; n = p[0]; free(p); return n; }",
    ),
    (
        "double-free",
        "void f(void) { char *p = malloc(3); free(p); free(p); }",
        "void f(void) { char *p = malloc(3); free(p); p = malloc(4); free(p); }",
    ),
    (
        "use-after-free",
        "int f(void) { int *p = malloc(3); free(p); return p[0]; }",
        "int f(void) { int *p = malloc(3); p[0] = 1; int x = p[0]; free(p); return x; }",
    ),
    (
        "resource-leak",
        "int f(void) { FILE *in = fopen(\"a\", \"r\"); int c = fgetc(in); return c; }",
        "int f(void) { FILE *in = fopen(\"a\", \"r\"); int c = fgetc(in); fclose(in); return c; }",
    ),
    (
        "dangling-pointer",
        "int *f(void) { int x = 1; return &x; }",
        "int *f(void) { static int x = 1; return &x; }",
    ),
    (
        "dangling-pointer",
        "char *f(void) { char b[8] = \"a\"; return b; }",
        "char *f(char *b) { return b; }",
    ),
    (
        "uninitialised-variable",
        "int f(int n) { int s; for (int i = 0; i < n; i++) { s += i; } return s; }",
        "int f(int n) { int s; s = 0; for (int i = 0; i < n; i++) { s += i; } return s; }",
    ),
    (
        "off-by-one",
        "int f(void) { int a[5] = {0}; int s = 0; for (int i = 0; i <= 5; i++) { s += a[i]; } return s; }",
        "int f(void) { int a[5] = {0}; int s = 0; for (int i = 0; i < 5; i++) { s += a[i]; } return s; }",
    ),
    (
        "index-out-of-bounds",
        "int f(void) { int a[5] = {0}; return a[5]; }",
        "int f(void) { int a[5] = {0}; return a[4]; }",
    ),
    (
        "unsigned-never-negative",
        "void f(unsigned n) { for (unsigned i = n; i >= 0; i--) { g(i); } }",
        "void f(int n) { for (int i = n; i >= 0; i--) { g(i); } }",
    ),
    (
        "assignment-in-condition",
        "int f(int a) { if (a = 1) { return 2; } return 3; }",
        "int f(int a) { if (a == 1) { return 2; } return 3; }",
    ),
    (
        "switch-fallthrough",
        "int f(int x) { int y = 0; switch (x) { case 1: y = 2; case 7: y = 3; break; default: y = 9; } return y; }",
        "int f(int x) { int y = 0; switch (x) { case 1: y = 2; /* fallthrough */ case 7: y = 3; break; default: y = 9; } return y; }",
    ),
    (
        "missing-return-path",
        "int f(int x) { if (x > 0) { return 1; } }",
        "int f(int x) { if (x > 0) { return 1; } abort(); }",
    ),
    (
        "format-from-variable",
        "void f(char *user) { printf(user); }",
        "void f(char *user) { printf(\"%s\", user); }",
    ),
    (
        "integer-division",
        "double f(int a, int b) { double r = a / b; return r; }",
        "double f(int a, int b) { double r = (double)a / b; return r; }",
    ),
    (
        "float-equality",
        "int f(double x) { return x + 0.1 == 0.3; }",
        "int f(double x) { return fabs(x + 0.1 - 0.3) < 1e-9; }",
    ),
    (
        "size-of-pointer",
        "int f(int a[]) { return sizeof(a) / sizeof(a[0]); }",
        "int f(void) { int a[3] = {0}; return sizeof(a) / sizeof(a[0]); }",
    ),
    (
        "string-identity",
        "int f(char *s) { return s == \"x\"; }",
        "int f(char *s) { return strcmp(s, \"x\") == 0; }",
    ),
    (
        "swapped-memset",
        "void f(char *p) { memset(p, 16, 0); }",
        "void f(char *p) { memset(p, 0, 16); }",
    ),
    (
        "infinite-loop",
        "int f(int n) { int s = 0; while (n > 0) { s += n; } return s; }",
        "int f(int n) { int s = 0; while (n > 0) { s += n; n--; } return s; }",
    ),
    (
        "unreachable-code",
        "int f(void) { return 1; g(); }",
        "int f(void) { goto end; end: return 1; }",
    ),
    (
        "empty-body",
        "void f(int x) { if (x > 1); { g(); } }",
        "void f(int x) { if (x > 1) { g(); } }",
    ),
    (
        "command-injection",
        "int main(int argc, char **argv) { return system(argv[1]); }",
        "int main(int argc, char **argv) { return system(\"ls\"); }",
    ),
    (
        "division-by-zero",
        "int f(int n) { return n % 0; }",
        "int f(int n) { return n % 2; }",
    ),
    (
        "null-dereference",
        "int f(struct s *p) { return p == NULL && p->x; }",
        "int f(struct s *p) { return p != NULL && p->x; }",
    ),
    (
        "self-assignment",
        "int f(int a) { a = a; return a; }",
        "int f(int a, int b) { a = b; return a; }",
    ),
];

/// The same for what C++ adds.
const CPP_CASES: &[(&str, &str, &str)] = &[
    (
        "mismatched-free",
        "void f(int n) { int *p = new int[n]; p[0] = 1; delete p; }",
        "void f(int n) { int *p = new int[n]; p[0] = 1; delete[] p; }",
    ),
    (
        "memory-leak",
        "int f() { int *p = new int(3); return *p; }",
        "int f() { auto p = std::make_unique<int>(3); return *p; }",
    ),
    (
        "dangling-pointer",
        "const char *f() { std::string s = \"a\"; return s.c_str(); }",
        "std::string f() { std::string s = \"a\"; return s; }",
    ),
    (
        "dangling-pointer",
        "int &f() { int x = 1; return x; }",
        "int &f(int &x) { return x; }",
    ),
    (
        "invalidated-reference",
        "void f() { std::vector<int> v{1}; for (int x : v) { v.push_back(x); } }",
        "void f() { std::vector<int> v{1}, w; for (int x : v) { w.push_back(x); } }",
    ),
    (
        "off-by-one",
        "int f(std::vector<int> &v) { int s = 0; for (int i = 0; i <= v.size(); i++) { s += v[i]; } return s; }",
        "int f(std::vector<int> &v) { int s = 0; for (int i = 0; i < v.size(); i++) { s += v[i]; } return s; }",
    ),
    (
        "missing-virtual-destructor",
        "struct A { virtual void f(); };\nstruct B : A { int *p; };\nvoid g() { A *a = new B(); delete a; }",
        "struct A { virtual void f(); virtual ~A() = default; };\nstruct B : A { int *p; };\nvoid g() { A *a = new B(); delete a; }",
    ),
    (
        "missing-copy",
        "class A { int *p; public: A() : p(new int) {} ~A() { delete p; } };",
        "class A { int *p; public: A() : p(new int) {} A(const A &) = delete; A &operator=(const A &) = delete; ~A() { delete p; } };",
    ),
    (
        "catch-by-value",
        "void f() { try { g(); } catch (std::exception e) { h(e); } }",
        "void f() { try { g(); } catch (const std::exception &e) { h(e); } }",
    ),
    (
        "throwing-destructor",
        "struct A { ~A() { throw 1; } };",
        "struct A { ~A() { try { throw 1; } catch (int) { } } };",
    ),
    (
        "command-injection",
        "void f(std::string n) { system((\"rm \" + n).c_str()); }",
        "void f() { system(\"sync\"); }",
    ),
];

#[test]
fn mistakes_are_found_and_right_code_is_left_alone() {
    for (language, cases) in [(Language::C, C_CASES), (Language::Cpp, CPP_CASES)] {
        for (rule, wrong, right) in cases {
            assert!(
                rules(language, wrong).contains(rule),
                "{rule} is not found in: {wrong}"
            );
            let others = rules(language, right);
            assert!(others.is_empty(), "{others:?} in: {right}");
            assert_eq!(rules(language, wrong), rules(language, wrong));
        }
    }
}

#[test]
fn what_macros_and_streams_may_do_is_left_open() {
    let c = "int f(int n) {\n  while (n) { NEXT(n); }\n  switch (n) { case 1: FAIL(n); case 2: return 1; default: ABORT(\"no\"); }\n}\n";
    assert_eq!(rules(Language::C, c), Vec::<&str>::new());
    let cpp = "int f(std::istream &in) { int n; int s = 0; while (in >> n) { s += n; } std::string w; while (in) { in >> w; } return s; }\n";
    assert_eq!(rules(Language::Cpp, cpp), Vec::<&str>::new());
}

#[test]
fn loops_that_look_ahead() {
    check(
        Language::C,
        &[
            (
                "void f(int *grid) { int g[4] = {1, 2, 3, 4}; for (int i = 0; i < 4; i++) g[i] = g[i + 1]; grid[0] = g[0]; }",
                &["off-by-one"],
            ),
            (
                "void f(int *grid) { int g[4] = {1, 2, 3, 4}; for (int i = 0; i < 3; i++) g[i] = g[i + 1]; grid[0] = g[0]; }",
                &[],
            ),
            (
                "void f(int *grid) { int g[4] = {1, 2, 3, 4}; for (int i = 0; i < 4; i += 2) g[i] = g[i + 1]; grid[0] = g[0]; }",
                &[],
            ),
            (
                "void f(int *grid) { int g[4] = {1, 2, 3, 4}; for (int i = 0; i < 4; i++) if (i < 3) g[i] = g[i + 1]; grid[0] = g[0]; }",
                &[],
            ),
        ],
    );
}

#[test]
fn returns_that_leave_memory_or_files_behind() {
    check(
        Language::C,
        &[
            (
                "int f(const char *n) { char *b = malloc(100); FILE *in = fopen(n, \"r\"); if (!in) return -1; fgets(b, 100, in); fclose(in); free(b); return 0; }",
                &["memory-leak"],
            ),
            (
                "int f(const char *n) { char *b; b = malloc(100); if (!b) return -2; FILE *in = fopen(n, \"r\"); if (!in) return -1; fgets(b, 100, in); fclose(in); free(b); return 0; }",
                &["memory-leak"],
            ),
            (
                "int f(const char *n, int x) { FILE *in = fopen(n, \"r\"); if (!in) return -1; if (x > 3) return 2; fgetc(in); fclose(in); return 0; }",
                &["resource-leak"],
            ),
            (
                "int f(const char *n) { char *b = malloc(100); FILE *in = fopen(n, \"r\"); if (!in) { free(b); return -1; } fgets(b, 100, in); fclose(in); free(b); return 0; }",
                &[],
            ),
            (
                "int f(int x) { char *b = malloc(100); if (b == NULL || x) return -1; free(b); return 0; }",
                &[],
            ),
            (
                "int f(int x) { char *b = malloc(100); int ok = b != NULL; if (!ok) return -1; free(b); return x; }",
                &[],
            ),
            (
                "int f(struct s *s, int x) { char *b = malloc(100); s->b = b; if (x) return -1; free(b); return x; }",
                &[],
            ),
            (
                "int f(int x) { char *b = NULL; if (x) { b = malloc(100); } if (x > 3) return -1; free(b); return x; }",
                &[],
            ),
        ],
    );
}
