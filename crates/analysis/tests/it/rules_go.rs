//! What is found in Go, and what is not.

use domain::language::Language;

use crate::check;

fn rules(code: &str) -> Vec<&'static str> {
    crate::rules(Language::Go, code)
}

/// A rule, code with the mistake, and the same code without it.
const CASES: &[(&str, &str, &str)] = &[
    (
        "unused-variable",
        "func f() int { a := 1; return 2 }",
        "func f() int { a := 1; return a }",
    ),
    (
        "ignored-error",
        "func f(s string) int { n, _ := strconv.Atoi(s); return n }",
        "func f(s string) (int, error) { n, err := strconv.Atoi(s); return n, err }",
    ),
    (
        "ignored-error",
        "func f(b []byte, v *T) { json.Unmarshal(b, v) }",
        "func f(b []byte, v *T) error { return json.Unmarshal(b, v) }",
    ),
    (
        "overwritten-error",
        "func f() error {\n a, err := g()\n b, err := h()\n use(a, b)\n return err\n}",
        "func f() error {\n a, err := g()\n if err != nil {\n return err\n }\n b, err := h()\n use(a, b)\n return err\n}",
    ),
    (
        "shadowed-error",
        "func f(x bool) error {\n var err error\n if x {\n a, err := g()\n use(a, err)\n }\n return err\n}",
        "func f(x bool) error {\n var err error\n if x {\n var a int\n a, err = g()\n use(a)\n }\n return err\n}",
    ),
    (
        "defer-in-loop",
        "func f(names []string) {\n for _, n := range names {\n r := open(n)\n defer r.Close()\n }\n}",
        "func f(names []string) {\n for _, n := range names {\n func() {\n r := open(n)\n defer r.Close()\n }()\n }\n}",
    ),
    (
        "loop-variable-captured",
        "func f(xs []int) {\n for _, x := range xs {\n go func() { use(x) }()\n }\n}",
        "func f(xs []int) {\n for _, x := range xs {\n go func(x int) { use(x) }(x)\n }\n}",
    ),
    (
        "nil-map-write",
        "func f() map[string]int {\n var m map[string]int\n m[\"a\"] = 1\n return m\n}",
        "func f() map[string]int {\n m := make(map[string]int)\n m[\"a\"] = 1\n return m\n}",
    ),
    (
        "off-by-one",
        "func f(a []int) int {\n s := 0\n for i := 0; i <= len(a); i++ {\n s += a[i]\n }\n return s\n}",
        "func f(a []int) int {\n s := 0\n for i := 0; i < len(a); i++ {\n s += a[i]\n }\n return s\n}",
    ),
    (
        "off-by-one",
        "func f(a []int) int { return a[len(a)] }",
        "func f(a []int) int { return a[len(a)-1] }",
    ),
    (
        "infinite-loop",
        "func f(n int) int {\n s := 0\n for n > 0 {\n s += n\n }\n return s\n}",
        "func f(n int) int {\n s := 0\n for n > 0 {\n s += n\n n--\n }\n return s\n}",
    ),
    (
        "loop-direction",
        "func f(n int) {\n for i := 0; i < n; i-- {\n use(i)\n }\n}",
        "func f(n int) {\n for i := n; i > 0; i-- {\n use(i)\n }\n}",
    ),
    (
        "unreachable-code",
        "func f() int {\n return 1\n use(2)\n}",
        "func f() int {\n use(2)\n return 1\n}",
    ),
    (
        "missing-return-path",
        "func f(x int) int {\n if x > 0 {\n return 1\n }\n}",
        "func f(x int) int {\n switch {\n case x > 0:\n return 1\n default:\n panic(\"no\")\n }\n}",
    ),
    (
        "self-assignment",
        "func f(a int) int {\n a = a\n return a\n}",
        "func f(a, b int) int {\n a = b\n return a\n}",
    ),
    (
        "resource-leak",
        "func f(u string) (int, error) {\n resp, err := http.Get(u)\n if err != nil {\n return 0, err\n }\n return resp.StatusCode, nil\n}",
        "func f(u string) (int, error) {\n resp, err := http.Get(u)\n if err != nil {\n return 0, err\n }\n defer resp.Body.Close()\n return resp.StatusCode, nil\n}",
    ),
    (
        "resource-leak",
        "func f(p string) ([]byte, error) {\n in, err := os.Open(p)\n if err != nil {\n return nil, err\n }\n return io.ReadAll(in)\n}",
        "func f(p string) (*os.File, error) {\n in, err := os.Open(p)\n if err != nil {\n return nil, err\n }\n return in, nil\n}",
    ),
    (
        "string-built-sql",
        "func f(db *sql.DB, n string) { use(db.Query(fmt.Sprintf(\"SELECT * FROM t WHERE n = '%s'\", n))) }",
        "func f(db *sql.DB, n string) { use(db.Query(\"SELECT * FROM t WHERE n = ?\", n)) }",
    ),
    (
        "range-copy-changed",
        "func f(xs []int) {\n for _, x := range xs {\n x *= 2\n }\n}",
        "func f(xs []int) {\n for i := range xs {\n xs[i] *= 2\n }\n}",
    ),
    (
        "range-copy-changed",
        "type P struct { n int }\nfunc f(ps []P) {\n for _, p := range ps {\n p.n = 1\n }\n}",
        "type P struct { n int }\nfunc f(ps []*P) {\n for _, p := range ps {\n p.n = 1\n }\n}",
    ),
    (
        "wait-group-add-in-goroutine",
        "func f(wg *sync.WaitGroup) {\n go func() {\n wg.Add(1)\n defer wg.Done()\n work()\n }()\n}",
        "func f(wg *sync.WaitGroup) {\n wg.Add(1)\n go func() {\n defer wg.Done()\n work()\n }()\n}",
    ),
    (
        "copied-lock",
        "func f(mu sync.Mutex) { mu.Lock(); defer mu.Unlock(); work() }",
        "func f(mu *sync.Mutex) { mu.Lock(); defer mu.Unlock(); work() }",
    ),
    (
        "lock-without-unlock",
        "func (c *C) f() { c.mu.Lock(); c.n++ }",
        "func (c *C) f() { c.mu.Lock(); c.n++; c.mu.Unlock() }",
    ),
    (
        "compare-nan",
        "func f(x float64) bool { return x == math.NaN() }",
        "func f(x float64) bool { return math.IsNaN(x) }",
    ),
    (
        "division-by-zero",
        "func f(n int) int { return n / 0 }",
        "func f(n int) int { return n / 2 }",
    ),
    (
        "lost-append",
        "func f(xs []int) { _ = append(xs, 1) }",
        "func f(xs []int) []int { xs = append(xs, 1); return xs }",
    ),
    (
        "float-equality",
        "func f(x float64) bool { return x+0.1 == 0.3 }",
        "func f(x float64) bool { return math.Abs(x+0.1-0.3) < 1e-9 }",
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
fn endless_loops_that_serve_are_right() {
    let code = "func f(c chan int, done chan bool) {\n for {\n select {\n case v := <-c:\n use(v)\n case <-done:\n return\n }\n }\n}\nfunc g() (int, error) {\n go work()\n select {}\n}\n";
    assert_eq!(rules(code), Vec::<&str>::new());
}

#[test]
fn returns_that_leave_a_lock_locked() {
    check(
        Language::Go,
        &[
            (
                "func f(mu *sync.Mutex, x int) int {\n mu.Lock()\n if x > 3 {\n return 1\n }\n mu.Unlock()\n return 2\n}",
                &["lock-without-unlock"],
            ),
            (
                "func f(mu *sync.Mutex, x int) int {\n mu.Lock()\n if x > 3 {\n mu.Unlock()\n return 1\n }\n mu.Unlock()\n return 2\n}",
                &[],
            ),
            (
                "func f(mu *sync.Mutex, x int) int {\n mu.Lock()\n defer mu.Unlock()\n if x > 3 {\n return 1\n }\n return 2\n}",
                &[],
            ),
            (
                "func (c *T) f(x int) int {\n c.mu.Lock()\n if x > 3 {\n return c.finish(x)\n }\n c.mu.Unlock()\n return 2\n}",
                &[],
            ),
            (
                "func (s *S) Begin(ok bool) *Tx {\n s.mu.Lock()\n if ok {\n return &Tx{s}\n }\n s.mu.Unlock()\n return nil\n}",
                &[],
            ),
            (
                "func (s *S) Begin(ok bool) *Tx {\n s.mu.Lock()\n tx := &Tx{s: s}\n if ok {\n return tx\n }\n s.mu.Unlock()\n return nil\n}",
                &[],
            ),
            (
                "func (s *S) Get(ok bool) *Tx {\n s.mu.Lock()\n if ok {\n return s.tx\n }\n s.mu.Unlock()\n return nil\n}",
                &["lock-without-unlock"],
            ),
            (
                "func f(mu *sync.Mutex, x int) int {\n if x > 3 {\n return 1\n }\n mu.Lock()\n x++\n mu.Unlock()\n return x\n}",
                &[],
            ),
        ],
    );
}
