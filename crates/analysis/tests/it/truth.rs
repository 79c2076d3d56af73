//! Explanations that code of an uncommon shape must not contradict.

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

/// The explanation in every style.
fn told(language: Language, code: &str) -> String {
    Style::ALL
        .into_iter()
        .map(|style| {
            SyntaxAnalyser::new()
                .explain(language, code, style)
                .markdown
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[track_caller]
fn says(language: Language, code: &str, parts: &[&str], never: &[&str]) {
    let told = told(language, code);
    for part in parts {
        assert!(told.contains(part), "`{part}` is missing:\n{told}");
    }
    for part in never {
        assert!(!told.contains(part), "`{part}` is told:\n{told}");
    }
}

#[test]
fn a_bare_return_of_go_gives_the_named_results() {
    says(
        Language::Go,
        "package p\n\nfunc parse(s string) (n int, err error) {\n\tn, err = strconv.Atoi(s)\n\tif err != nil {\n\t\treturn\n\t}\n\tn *= 2\n\treturn\n}\n",
        &["eturn `n` and `err`", "returns `n` and `err`"],
        &["nothing", "no value"],
    );
    says(
        Language::Go,
        "package p\n\nfunc stop(s string) {\n\tif s == \"\" {\n\t\treturn\n\t}\n\trun(s)\n}\n",
        &["return nothing"],
        &[],
    );
}

#[test]
fn what_may_remember_results_is_not_exponential() {
    let shapes = [
        (
            Language::Python,
            "@memoize\ndef f(n):\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\n",
        ),
        (
            Language::Python,
            "def ack(m, n):\n    if m == 0:\n        return n + 1\n    if n == 0:\n        return ack(m - 1, 1)\n    return ack(m - 1, ack(m, n - 1))\n",
        ),
        (
            Language::Python,
            "def paths(m, n):\n    if m == 0 or n == 0:\n        return 1\n    return paths(m - 1, n) + paths(m, n - 1)\n",
        ),
    ];
    for (language, code) in shapes {
        says(language, code, &["not known"], &["exponential"]);
        let analysis = SyntaxAnalyser::new().analyse(language, code, Style::Technical);
        assert!(
            !format!("{:?}", analysis.metrics).contains("^n"),
            "{:?}",
            analysis.metrics
        );
    }
}

#[test]
fn memoisation_is_recognised_in_every_language() {
    let shapes = [
        (
            Language::Python,
            "def f(n, memo):\n    cached = memo.get(n)\n    if cached is not None:\n        return cached\n    memo[n] = f(n - 1, memo) + f(n - 2, memo)\n    return memo[n]\n",
        ),
        (
            Language::Python,
            "memo = {}\n\ndef f(n):\n    if n < 2:\n        return n\n    try:\n        return memo[n]\n    except KeyError:\n        value = f(n - 1) + f(n - 2)\n        memo[n] = value\n        return value\n",
        ),
        (
            Language::Rust,
            "fn f(n: u64, memo: &mut HashMap<u64, u64>) -> u64 {\n    if let Some(&v) = memo.get(&n) {\n        return v;\n    }\n    let r = f(n - 1, memo) + f(n - 2, memo);\n    memo.insert(n, r);\n    r\n}\n",
        ),
        (
            Language::Rust,
            "fn f(n: u64, memo: &mut HashMap<u64, u64>) -> u64 {\n    match memo.get(&n) {\n        Some(&v) => return v,\n        None => {}\n    }\n    let r = f(n - 1, memo) + f(n - 2, memo);\n    memo.insert(n, r);\n    r\n}\n",
        ),
        (
            Language::Go,
            "package p\n\nfunc f(n int, memo map[int]int) int {\n\tif v, ok := memo[n]; ok {\n\t\treturn v\n\t}\n\tmemo[n] = f(n-1, memo) + f(n-2, memo)\n\treturn memo[n]\n}\n",
        ),
        (
            Language::Java,
            "class A {\n    long f(int n, long[] memo) {\n        if (n < 2) return n;\n        if (memo[n] != 0) return memo[n];\n        return memo[n] = f(n - 1, memo) + f(n - 2, memo);\n    }\n}\n",
        ),
        (
            Language::Java,
            "class A {\n    long f(int n, Map<Integer, Long> memo) {\n        Long c = memo.get(n);\n        if (c != null) return c;\n        long r = f(n - 1, memo) + f(n - 2, memo);\n        memo.put(n, r);\n        return r;\n    }\n}\n",
        ),
        (
            Language::JavaScript,
            "function f(n, memo = {}) {\n  if (n in memo) return memo[n];\n  return memo[n] = f(n - 1, memo) + f(n - 2, memo);\n}\n",
        ),
        (
            Language::JavaScript,
            "function f(n, memo = {}) {\n  return memo[n] ??= f(n - 1, memo) + f(n - 2, memo);\n}\n",
        ),
        (
            Language::Cpp,
            "int f(int n, std::vector<int>& memo) {\n    if (memo[n] != -1) return memo[n];\n    return memo[n] = f(n - 1, memo) + f(n - 2, memo);\n}\n",
        ),
    ];
    for (language, code) in shapes {
        says(language, code, &["Memoisation"], &["exponential"]);
    }
}

#[test]
fn an_offset_skips_rows() {
    says(
        Language::Sql,
        "SELECT name FROM users ORDER BY name LIMIT 10 OFFSET 20;",
        &["skips 20 rows, then keeps at most 10 rows"],
        &["first 10"],
    );
    says(
        Language::Sql,
        "SELECT name FROM users ORDER BY name LIMIT 10;",
        &["at most the first 10 rows"],
        &["skips"],
    );
    says(
        Language::Sql,
        "SELECT name FROM users ORDER BY name LIMIT 0, 5;",
        &["keeps at most a given number of rows"],
        &["first 0 rows", "only some"],
    );
    says(
        Language::Sql,
        "SELECT name FROM users ORDER BY name LIMIT NULL;",
        &["orts the result"],
        &["NULL rows", "keeps"],
    );
    says(
        Language::Sql,
        "SELECT name FROM users ORDER BY name LIMIT NULL OFFSET 20;",
        &["skips 20 rows"],
        &["NULL rows", "keeps"],
    );
}

#[test]
fn a_break_with_a_value_is_a_result() {
    says(
        Language::Rust,
        "fn prompt(lines: Lines) -> Result<u32, Error> {\n    loop {\n        match next()?.parse() {\n            Ok(n) => break Ok(n),\n            Err(e) if e.is_fatal() => return Err(e),\n            Err(_) => {}\n        }\n    }\n}\n",
        &["leave the loop and return `Ok(n)`", "returns `Ok(n)`"],
        &[],
    );
}

#[test]
fn a_labelled_jump_names_its_loop() {
    says(
        Language::Rust,
        "fn f(rows: &[Vec<u8>]) {\n    'outer: for row in rows {\n        for x in row {\n            if *x == 1 {\n                continue 'outer;\n            }\n            if *x == 0 {\n                break 'outer;\n            }\n        }\n    }\n}\n",
        &[
            "the loop labelled `'outer`",
            "leave the whole loop labelled",
        ],
        &["leave the loop.", "leaves the loop."],
    );
    for (language, code) in [
        (
            Language::Java,
            "class A {\n    void f(int[][] rows) {\n        outer:\n        for (int[] row : rows) {\n            for (int x : row) {\n                if (x == 1) continue outer;\n                if (x == 0) break outer;\n            }\n        }\n    }\n}\n",
        ),
        (
            Language::JavaScript,
            "function f(rows) {\n  outer: for (const row of rows) {\n    for (const x of row) {\n      if (x === 1) continue outer;\n      if (x === 0) break outer;\n    }\n  }\n}\n",
        ),
        (
            Language::Go,
            "package p\n\nfunc f(c chan int) {\nouter:\n\tfor {\n\t\tselect {\n\t\tcase x := <-c:\n\t\t\tif x == 1 {\n\t\t\t\tcontinue outer\n\t\t\t}\n\t\t\tbreak outer\n\t\t}\n\t}\n}\n",
        ),
    ] {
        says(
            language,
            code,
            &[
                "round of the loop labelled `outer`",
                "the whole loop labelled `outer`",
            ],
            &["leave the loop.", "leaves the loop.", "this choice"],
        );
    }
}

#[test]
fn a_yield_of_java_does_not_return() {
    says(
        Language::Java,
        "class A {\n    int f(int n) {\n        int r = switch (n) {\n            case 1 -> 5;\n            default -> {\n                int t = n * 2;\n                yield t;\n            }\n        };\n        return r;\n    }\n}\n",
        &["ive `t` as the value of the `switch`"],
        &["eturn `t`", "returns `t`"],
    );
}

#[test]
fn every_update_of_a_loop_is_told() {
    for (language, code) in [
        (
            Language::Java,
            "class A {\n    void f(int[] a) {\n        for (int i = 0, j = a.length - 1; i < j; i++, j--) {\n            swap(a, i, j);\n        }\n    }\n}\n",
        ),
        (
            Language::C,
            "void f(int *a, int n) {\n    for (int i = 0, j = n - 1; i < j; i++, j--) {\n        swap(a, i, j);\n    }\n}\n",
        ),
        (
            Language::JavaScript,
            "function f(a) {\n  for (let i = 0, j = a.length - 1; i < j; i++, j--) {\n    swap(a, i, j);\n  }\n}\n",
        ),
    ] {
        says(
            language,
            code,
            &["add 1 to `i` and subtract 1 from `j`"],
            &[],
        );
    }
}

#[test]
fn an_asynchronous_context_manager_needs_async_with() {
    says(
        Language::Python,
        "@asynccontextmanager\nasync def opened(path):\n    handle = await start(path)\n    try:\n        yield handle\n    finally:\n        await handle.close()\n",
        &["can be used with `async with`"],
        &["can be used with `with`"],
    );
}

#[test]
fn hidden_work_counts() {
    for (code, part) in [
        (
            "def gen(xs):\n    yield from xs\n",
            "O(n), where n is the number of items in `xs`",
        ),
        (
            "def f(xs):\n    return f\"{sorted(xs)}\"\n",
            "the cost of `sorted`",
        ),
        (
            "class Hand:\n    def deal(self, n):\n        return self.cards[-n:], self.cards[:-n]\n",
            "O(n), where n is the number of items in `self.cards`",
        ),
        (
            "def f(xs):\n    return [xs.count(x) for x in xs]\n",
            "O(n²)",
        ),
        (
            "def f(m):\n    return [[row[i] for row in m] for i in range(len(m[0]))]\n",
            "O(n · m), where n is the number of items in `m[0]` and m is the number of items in `m`",
        ),
        (
            "def f(thread, n):\n    for i in range(n):\n        thread.join()\n",
            "The cost of `join` is not counted",
        ),
        (
            "def f(suits, ranks):\n    return [(r, s) for s in suits for r in ranks]\n",
            "**Space**: O(n · m): it builds a collection that may grow with the number of items in `suits` and the number of items in `ranks`",
        ),
    ] {
        says(
            Language::Python,
            code,
            &[part],
            &["**Time**: O(1)", "the more it goes through", "n + n"],
        );
    }
}

#[test]
fn a_slice_of_a_fixed_size_is_no_copy_of_all() {
    says(
        Language::Python,
        "def f(xs):\n    return xs[:3]\n",
        &["**Time**: O(1)", "**Space**: O(1)"],
        &["as big as what goes into it"],
    );
    says(
        Language::Python,
        "def f(xs):\n    return xs[1:]\n",
        &["as big as what goes into it"],
        &["**Space**: O(1)"],
    );
}

#[test]
fn what_is_made_of_a_fixed_range_does_not_grow() {
    says(
        Language::Python,
        "def f(xs):\n    for x in xs:\n        print([x * i for i in range(3)])\n",
        &["O(n), where n is the number of items in `xs`"],
        &["builds a collection"],
    );
}

#[test]
fn an_order_names_each_part_once() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let loops = names.map(|name| format!("    for x in {name}:\n        total += x\n"));
    let code = format!(
        "def f({}):\n    total = 0\n{}    return total\n",
        names.join(", "),
        loops.concat()
    );
    let analysis = SyntaxAnalyser::new().analyse(Language::Python, &code, Style::Technical);
    let metrics = format!("{:?}", analysis.metrics);
    assert!(metrics.contains("O(n + m + k + p + q + r)"), "{metrics}");
}

#[test]
fn a_view_is_no_copy() {
    says(
        Language::Go,
        "package p\n\nfunc (s *Stack) drop() {\n\tlast := len(s.items) - 1\n\ts.items = s.items[:last]\n}\n",
        &["**Space**: O(1)"],
        &["makes a new collection"],
    );
    says(
        Language::Java,
        "class A {\n    Optional<String> f(Optional<User> user) {\n        return user.map(User::name);\n    }\n}\n",
        &[],
        &["makes a new collection"],
    );
}

#[test]
fn a_loop_that_stops_early_does_not_run_in_full() {
    says(
        Language::C,
        "void sort(int *values, int n) {\n    for (int i = 1; i < n; i++) {\n        int key = values[i];\n        int j = i;\n        while (j > 0 && values[j - 1] > key) {\n            values[j] = values[j - 1];\n            j--;\n        }\n        values[j] = key;\n    }\n}\n",
        &["the loop at line 5 lies inside"],
        &["in full"],
    );
    says(
        Language::Python,
        "def f(xs, ys):\n    for x in xs:\n        for y in ys:\n            print(x, y)\n",
        &["the loop at line 3 lies inside"],
        &["in full"],
    );
    for guarded in [
        "def f(xs, ys):\n    for x in xs:\n        if x > 3:\n            for y in ys:\n                print(x, y)\n",
        "def f(xs, ys):\n    for x in xs:\n        if x > 3: continue\n        for y in ys:\n            print(x, y)\n",
    ] {
        says(
            Language::Python,
            guarded,
            &["the loop at line 4 lies inside"],
            &["in full"],
        );
    }
}

#[test]
fn a_loop_that_nothing_leaves_goes_on_for_ever() {
    says(
        Language::Python,
        "def count(candidate):\n    while True:\n        yield candidate\n        candidate += 1\n",
        &[
            "with nothing written inside that leaves the loop",
            "endless loop, with nothing written inside that leaves it",
        ],
        &["until something inside", "left from inside", "for ever"],
    );
    // The index leaves it, at the end of the list.
    says(
        Language::Python,
        "def total(xs):\n    total = i = 0\n    try:\n        while True:\n            total += xs[i]\n            i += 1\n    except IndexError:\n        return total\n",
        &["with nothing written inside that leaves the loop"],
        &["for ever"],
    );
    says(
        Language::Python,
        "def read(source):\n    while True:\n        line = source.next()\n        if not line:\n            break\n",
        &["left from inside", "until something inside leaves the loop"],
        &["for ever"],
    );
}

#[test]
fn a_loop_is_left_from_where_the_code_leaves_it() {
    let left: &[(Language, &str)] = &[
        (
            Language::Rust,
            "async fn f(stop: Stop) {\n    loop {\n        tokio::select! {\n            _ = stop.recv() => return,\n            job = next() => run(job),\n        }\n    }\n}\n",
        ),
        (
            Language::Rust,
            "fn f() -> Result<(), E> {\n    loop {\n        println!(\"{}\", read()?);\n    }\n}\n",
        ),
        (
            Language::Java,
            "class A {\n    int f(int n) {\n        return switch (n) {\n            case 1 -> 5;\n            default -> {\n                while (true) { if (go()) yield 3; }\n            }\n        };\n    }\n}\n",
        ),
        (
            Language::JavaScript,
            "function f(rows) {\n  outer: while (true) {\n    for (const row of rows) {\n      if (row) break outer;\n    }\n  }\n}\n",
        ),
        (
            Language::Python,
            "def f(rows):\n    while True:\n        for row in rows:\n            if row: pass\n        else:\n            break\n",
        ),
    ];
    for (language, code) in left {
        says(
            *language,
            code,
            &["until something inside leaves the loop"],
            &["nothing written inside"],
        );
    }
    let kept: &[(Language, &str)] = &[
        (
            Language::Rust,
            "fn f() {\n    loop {\n        println!(\"break? return\");\n    }\n}\n",
        ),
        (
            Language::Java,
            "class A {\n    void f(int n) {\n        while (true) {\n            int r = switch (n) {\n                case 1 -> 5;\n                default -> { yield 3; }\n            };\n            run(r);\n        }\n    }\n}\n",
        ),
        (
            Language::JavaScript,
            "function f(rows) {\n  outer: while (true) {\n    for (const row of rows) {\n      continue outer;\n    }\n  }\n}\n",
        ),
        (
            Language::Rust,
            "fn f(rows: &[u8]) {\n    loop {\n        'inner: for row in rows {\n            for x in row {\n                break 'inner;\n            }\n        }\n    }\n}\n",
        ),
    ];
    for (language, code) in kept {
        says(
            *language,
            code,
            &["with nothing written inside that leaves the loop"],
            &["left from inside", "until something inside"],
        );
    }
    let deep = format!(
        "void f(void) {{ for (;;) {{ {}break;{} }} }}\n",
        "if (go()) { ".repeat(60),
        "}".repeat(60)
    );
    says(
        Language::C,
        &deep,
        &["until something inside leaves the loop"],
        &["nothing written inside"],
    );
}

#[test]
fn every_start_of_a_loop_is_told() {
    says(
        Language::Java,
        "class A {\n    void f(int n) {\n        int i, j;\n        for (i = 0, j = n; i < j; i++, j--) run(i, j);\n    }\n}\n",
        &["set `i` to 0 and set `j` to `n`"],
        &[],
    );
}

#[test]
fn edges_that_the_code_deals_with_are_not_told() {
    says(
        Language::Python,
        "def swap_first(items):\n    items = list(items)\n    items[0], items[1] = items[1], items[0]\n    return items\n",
        &[],
        &["changed in place"],
    );
    says(
        Language::Python,
        "def mean(total, count):\n    count += 1\n    return total / count\n",
        &[],
        &["is not zero"],
    );
}

#[test]
fn declarations_keep_pointers_and_arrays() {
    says(
        Language::C,
        "struct node {\n    char *key;\n    struct node *next;\n    int counts[8];\n};\n\nvoid f(void) {\n    char line[256];\n    read_line(line);\n}\n",
        &[
            "| `key` | `char *` |",
            "| `next` | `struct node *` |",
            "| `counts` | `int[8]` |",
            "eclare `line` (of type `char[256]`)",
        ],
        &[],
    );
}

#[test]
fn members_of_cpp_are_initialised() {
    says(
        Language::Cpp,
        "class Matrix {\npublic:\n    Matrix(size_t r, size_t c) : rows_(r), data_(r * c) {}\n    Matrix(const Matrix&) = delete;\nprivate:\n    size_t rows_;\n    std::vector<double> data_;\n};\n",
        &[
            "nitialise `data_` with `r * c`",
            "the cost of `data_`",
            "| (unnamed) | `const Matrix&` |",
        ],
        &[
            "et `data_`",
            "`&`",
            "**Time**: O(1)",
            "`rows_`, which cannot",
        ],
    );
    says(
        Language::Cpp,
        "void g() {\n    vec_t v = {1, 2, 3};\n    std::unordered_map<int, int> m = {{1, 2}};\n    use(v, m);\n}\n",
        &["`m` (map from keys to values)"],
        &["list or array"],
    );
    says(
        Language::Cpp,
        "int g() {\n    int x{5};\n    int y = {6};\n    return x + y;\n}\n",
        &[],
        &["list or array"],
    );
    says(
        Language::C,
        "void g(void) {\n    int xs[] = {1, 2};\n    struct point p = {1, 2};\n    use(xs, p);\n}\n",
        &["**Data structures**: `xs` (list or array)."],
        &[],
    );
}

#[test]
fn several_names_of_go_are_told_apart() {
    says(
        Language::Go,
        "package p\n\nfunc f() int {\n\tvar a, b = 1, 2\n\treturn a + b\n}\n",
        &["et `a` to 1 and `b` to 2"],
        &["to 1 and 2"],
    );
    says(
        Language::Go,
        "package p\n\nconst (\n\tRed = iota\n\tGreen\n)\n",
        &["eclare `Green` by the rule of the constant above"],
        &["without a value"],
    );
}

#[test]
fn a_call_from_a_table_is_named_as_it_stands() {
    says(
        Language::Python,
        "def run(commands, args):\n    return commands[args.command](args)\n",
        &["the cost of `commands[args.command]`"],
        &["`command]`"],
    );
}

#[test]
fn a_conversion_of_cpp_has_its_name() {
    let code = "class File {\npublic:\n    explicit operator bool() const { return handle_ != nullptr; }\n    int operator()(int n) const { return n; }\n};\n";
    let analysis = SyntaxAnalyser::new().analyse(Language::Cpp, code, Style::Technical);
    let names: Vec<&str> = analysis
        .metrics
        .functions
        .iter()
        .map(|function| function.name.as_str())
        .collect();
    assert_eq!(names, ["File::operator bool", "File::operator()"]);
}
