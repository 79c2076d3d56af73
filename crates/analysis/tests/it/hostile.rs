//! Text made to break a parser, and real code broken at random.

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;
use proptest::prelude::*;

const REAL: &[(Language, &str)] = &[
    (Language::Python, include_str!("samples/read_config.py")),
    (Language::Python, include_str!("samples/generators.py")),
    (Language::JavaScript, include_str!("samples/load_users.js")),
    (Language::TypeScript, include_str!("samples/cache.ts")),
    (Language::Cpp, include_str!("samples/tree.cpp")),
    (Language::C, include_str!("samples/list.c")),
    (Language::Sql, include_str!("samples/totals.sql")),
    (Language::Rust, include_str!("samples/shape.rs")),
    (Language::Java, include_str!("samples/Account.java")),
    (Language::Go, include_str!("samples/workers.go")),
];

fn try_everything(language: Language, code: &str) {
    let analyser = SyntaxAnalyser::new();
    analyser.detect_language(code);
    analyser.find_syntax_errors(language, code);
    for style in Style::ALL {
        analyser.explain(language, code, style);
    }
    analyser.rename(language, code, "value", "renamed");
}

#[test]
fn deep_nesting_is_read_in_every_language() {
    for language in Language::ALL {
        for unit in ["(", "[", "{", "not ", "a.b(", "-", "if x {", "x = "] {
            let code = unit.repeat(200_000 / unit.len());
            let analyser = SyntaxAnalyser::new();
            analyser.find_syntax_errors(language, &code);
            analyser.explain(language, &code, Style::StepByStep);
        }
    }
}

#[test]
fn a_megabyte_of_brackets_is_read() {
    let code = "(".repeat(1 << 20);
    try_everything(Language::Python, &code);
    try_everything(Language::Rust, &code);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}", index in 0..Language::ALL.len()) {
        try_everything(Language::ALL[index], &text);
    }

    #[test]
    fn any_marks_are_read(text in "[a-c(){}\\[\\]:;,.=<>'\"`\n #&*!?|+-]{0,120}", index in 0..Language::ALL.len()) {
        try_everything(Language::ALL[index], &text);
    }

    #[test]
    fn broken_code_is_read(sample in 0..REAL.len(), cut in 0.0..1.0_f64, insert in "[\\PC\n]{0,6}", drop in 0..12_usize) {
        let (language, code) = REAL[sample];
        let letters: Vec<char> = code.chars().collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a short text")]
        let at = (letters.len() as f64 * cut) as usize;
        let rest = letters.get(at + drop..).unwrap_or_default();
        let changed: String = letters[..at].iter().copied().chain(insert.chars()).chain(rest.iter().copied()).collect();
        try_everything(language, &changed);
        let truncated: String = letters[..at].iter().collect();
        try_everything(language, &truncated);
    }
}

#[test]
fn names_that_are_given_one_another_again_and_again_are_followed_to_an_end() {
    let mut code = "def g(cur):\n    f = 'x'\n".to_owned();
    for line in ["a = b", "b = c", "c = d", "d = e", "e = f"] {
        code.push_str(&format!("    {line}\n").repeat(2_000));
    }
    code.push_str("    cur.execute(f\"SELECT {a} FROM t\")\n");
    let analysis = SyntaxAnalyser::new().analyse(Language::Python, &code, Style::Technical);
    assert_eq!(analysis.syntax_errors, []);
}

#[test]
fn long_code_of_dialects_is_read() {
    for unit in [
        "KEY KEY ASC ",
        "ON CONFLICT (",
        "a GLOB :x AND ",
        "NULLS LAST, ",
        "PRAGMA x; ",
        "SELECT [a] FROM t OFFSET 3; ",
        "CREATE TRIGGER t BEGIN ",
        "a.a.a.a.a.a.a.a.",
        ",,",
        ": : :x %s %(",
    ] {
        let code = unit.repeat(100_000 / unit.len());
        let start = std::time::Instant::now();
        let errors = SyntaxAnalyser::new().find_syntax_errors(Language::Sql, &code);
        assert!(errors.len() <= analysis::SYNTAX_ERRORS_MAX, "{unit}");
        eprintln!("{:?} {unit:?}", start.elapsed());
    }
    let macros = (0..2_000).fold(String::new(), |code, i| {
        code + &"#define A#(x) for (;;)\nA#(x) };\n".replace('#', &i.to_string())
    });
    let errors = SyntaxAnalyser::new().find_syntax_errors(Language::C, &macros);
    assert!(errors.len() <= analysis::SYNTAX_ERRORS_MAX);
}

/// Bytes of each bad input: enough that what takes the square of the length shows in the printed times.
const WORST_BYTES: usize = 12_000;

/// Text that is long, deep, full of calls, or not text at all, of [`WORST_BYTES`] each.
fn worst(language: Language) -> Vec<(String, String)> {
    let sized = |unit: &str| unit.repeat(WORST_BYTES / unit.len());
    let mut inputs: Vec<(String, String)> = [
        "(",
        "[",
        "{",
        "a.b(",
        "-",
        "if x {",
        "x = ",
        "f(",
        "a + ",
        "\"",
        "'",
        "`",
        "/*",
        "--",
        "\0",
        "\\",
        "\u{feff}",
        "é",
        "f(x); ",
        "f(g(x));\n",
        "x\n",
        "\n",
        "@",
        "<",
        "a, ",
        "else ",
        "SELECT (",
        "CASE WHEN ",
        "fn f() {",
        "def f():\n",
        "=> ",
        "#",
        ";",
        "a ? b : ",
        "lambda x: ",
        "for (;;) ",
        "await ",
        "a AND ",
        "WITH a AS (",
        "async ",
        "${`",
        "*",
        "&&",
        "a[",
    ]
    .into_iter()
    .map(|unit| (format!("{language}: {unit:?}"), sized(unit)))
    .collect();
    let (head, line, tail) = function_of(language);
    let body: String = (0..300)
        .map(|i| line.replace('#', &i.to_string()))
        .collect();
    inputs.push((
        format!("{language}: a long function"),
        format!("{head}{body}{tail}"),
    ));
    let mut many = String::new();
    for i in 0..150 {
        many.push_str(&head.replace("f(", &format!("f{i}(")));
        many.push_str(&line.replace('#', &i.to_string()));
        many.push_str(tail);
        many.push('\n');
    }
    inputs.push((format!("{language}: many functions"), many));
    for (_, code) in REAL.iter().filter(|(of, _)| *of == language) {
        inputs.push((format!("{language}: a sample again and again"), sized(code)));
        inputs.push((
            format!("{language}: a sample on one line"),
            sized(&code.replace('\n', " ")),
        ));
        inputs.push((
            format!("{language}: a sample with zeros"),
            sized(&code.replace(' ', "\0")),
        ));
    }
    inputs
}

/// The first line of a function that calls, a statement that calls and is called from nowhere, and the end of the function.
fn function_of(language: Language) -> (&'static str, &'static str, &'static str) {
    match language {
        Language::Python => ("def f(x):\n", "    x = f(g#(x, x), x[#])\n", ""),
        Language::JavaScript | Language::TypeScript => {
            ("function f(x) {\n", "  x = f(g#(x, x), x[#]);\n", "}\n")
        }
        Language::C | Language::Cpp => ("int f(int *x) {\n", "  x[#] = f(g#(x, x));\n", "}\n"),
        Language::Java => (
            "class A { int f(int[] x) {\n",
            "  x[#] = f(g#(x, x));\n",
            "} }\n",
        ),
        Language::Go => (
            "package a\nfunc f(x []int) {\n",
            "  x[#] = f(g#(x, x))\n",
            "}\n",
        ),
        Language::Rust => ("fn f(x: &mut [u8]) {\n", "  x[#] = f(g#(x, x));\n", "}\n"),
        Language::Sql => (
            "",
            "SELECT f(a.b#) FROM a JOIN c# ON a.b = c#.b WHERE a.b IN (SELECT b FROM d#);\n",
            "",
        ),
    }
}

/// Bytes of each half of what takes the square of the length, or more memory than there is, when each half is gone through
/// again for every line of the other.
const HALF_BYTES: usize = 64 * 1024;

fn explained(language: Language, code: &str) -> String {
    SyntaxAnalyser::new()
        .explain(language, code, Style::Technical)
        .markdown
}

#[test]
fn many_named_results_are_not_copied_for_every_return() {
    let returns = "return;".repeat(HALF_BYTES / 7);
    let typed = vec!["a int"; 10_000].join(",");
    let untyped = vec!["a"; 10_000].join(",") + " int";
    for names in [typed, untyped] {
        let code = format!("package p\n\nfunc f() ({names}) {{ {returns} }}\n");
        let told = explained(Language::Go, &code);
        assert!(told.contains("and 9992 more"), "{}", told.len());
    }
}

#[test]
fn many_copies_of_tables_are_read_once() {
    let lines = |line: &dyn Fn(usize) -> String| -> String { (0..8_000).map(line).collect() };
    let head = "def f(m, x):\n f(m, x)\n";
    let one = lines(&|_| " x=m[k]\n".to_owned()) + &lines(&|_| " if x:1\n".to_owned());
    explained(Language::Python, &format!("{head}{one}"));
    let many = lines(&|i| format!(" x=m{i}[k]\n")) + &lines(&|_| " if x:1\n".to_owned());
    let told = explained(Language::Python, &format!("{head}{many} return x\n"));
    assert!(!told.contains("Memoisation"), "{told}");
}

#[test]
fn many_edge_cases_are_looked_for_once() {
    let lines = |line: &dyn Fn(usize) -> String| -> String { (0..8_000).map(line).collect() };
    let changed = " a=b\n".to_owned() + &lines(&|_| " a[k]=1\n".to_owned());
    explained(Language::Python, &format!("def f(a):\n{changed}"));
    let raised = lines(&|i| format!(" n{i}+=1\n")) + &lines(&|i| format!(" k/n{i}\n"));
    let told = explained(Language::Python, &format!("def f(a):\n{raised}"));
    assert!(!told.contains("is not zero"), "{told}");
}

/// Prints how long each takes, slowest last, to be read by hand with `--no-capture`.
#[test]
fn the_worst_text_is_analysed_in_every_language() {
    let analyser = SyntaxAnalyser::new();
    let mut taken = Vec::new();
    for language in Language::ALL {
        for (name, code) in worst(language) {
            let start = std::time::Instant::now();
            let analysis = analyser.analyse(language, &code, Style::Technical);
            assert!(analysis.findings.len() <= 100, "{name}");
            assert!(
                analysis.syntax_errors.len() <= analysis::SYNTAX_ERRORS_MAX,
                "{name}"
            );
            taken.push((start.elapsed(), name));
        }
    }
    taken.sort();
    for (duration, name) in taken.iter().rev().take(20).rev() {
        eprintln!("{duration:?} {name}");
    }
}
