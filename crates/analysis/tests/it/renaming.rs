//! Renaming definitions.

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::language::Language;

fn rename(language: Language, code: &str, from: &str, to: &str) -> Option<String> {
    SyntaxAnalyser::new().rename(language, code, from, to)
}

#[test]
fn a_function_and_its_calls_are_renamed_but_not_texts_comments_or_members() {
    let code = "def add(a, b):\n    # add things\n    return a + b\n\nprint(add(1, 2), \"add\", thing.add(3), f\"{add(1, 1)}\")\n";
    let expected = "def total(a, b):\n    # add things\n    return a + b\n\nprint(total(1, 2), \"add\", thing.add(3), f\"{total(1, 1)}\")\n";
    let once = rename(Language::Python, code, "add", "total").unwrap();
    assert_eq!(once, expected);
    assert_eq!(
        rename(Language::Python, &once, "total", "add").as_deref(),
        Some(code)
    );
}

#[test]
fn a_recursive_function_is_renamed_in_every_language() {
    for (language, code) in [
        (
            Language::JavaScript,
            "function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\n",
        ),
        (
            Language::TypeScript,
            "function f(n: number): number { return n < 2 ? n : f(n - 1); }\n",
        ),
        (
            Language::C,
            "int f(int n) { return n < 2 ? n : f(n - 1); }\n",
        ),
        (
            Language::Cpp,
            "int f(int n) { return n < 2 ? n : f(n - 1); }\n",
        ),
        (
            Language::Rust,
            "fn f(n: u32) -> u32 { if n < 2 { n } else { f(n - 1) } }\n",
        ),
        (
            Language::Go,
            "package a\n\nfunc f(n int) int {\n\treturn f(n - 1)\n}\n",
        ),
    ] {
        let renamed =
            rename(language, code, "f", "fibonacci").unwrap_or_else(|| panic!("{language}"));
        assert_eq!(renamed, code.replace("f(", "fibonacci("), "{language}");
    }
    let java = "class A {\n  static int f(int n) { return n < 2 ? n : f(n - 1); }\n}\n";
    assert_eq!(
        rename(Language::Java, java, "f", "fib"),
        Some(java.replace("f(", "fib("))
    );
}

#[test]
fn a_local_of_the_same_name_keeps_its_name() {
    let code = "value = 1\n\ndef f(value):\n    return value\n\nprint(value)\n";
    let expected = "count = 1\n\ndef f(value):\n    return value\n\nprint(count)\n";
    assert_eq!(
        rename(Language::Python, code, "value", "count").as_deref(),
        Some(expected)
    );
}

#[test]
fn classes_and_shorthand_are_renamed() {
    let code =
        "class Box { make() { return new Box(); } }\nconst size = 1;\nconst box = { size };\n";
    let renamed = rename(Language::JavaScript, code, "Box", "Crate").unwrap();
    assert!(renamed.contains("class Crate") && renamed.contains("new Crate()"));
    let renamed = rename(Language::JavaScript, code, "size", "width").unwrap();
    assert!(
        renamed.contains("const width = 1") && renamed.contains("{ size: width }"),
        "{renamed}"
    );
}

#[test]
fn what_cannot_be_renamed_is_refused() {
    let code = "import os\n\ndef add(a, b):\n    total = a + b\n    return total\n";
    for (from, to) in [
        ("missing", "x"),
        ("add", "class"),
        ("add", "two words"),
        ("add", "9lives"),
        ("add", ""),
        ("add", "add"),
        ("add", "total"),
        ("os", "system"),
        ("a.b", "c"),
    ] {
        assert_eq!(
            rename(Language::Python, code, from, to),
            None,
            "{from} to {to}"
        );
    }
    let method = "class A:\n    def f(self):\n        return 1\n\nprint(thing.f())\n";
    assert_eq!(rename(Language::Python, method, "f", "g"), None);
}

#[test]
fn tables_with_a_name_are_renamed_in_sql() {
    let code = "WITH recent AS (SELECT id FROM orders) SELECT recent.id FROM recent;";
    let expected = "WITH latest AS (SELECT id FROM orders) SELECT latest.id FROM latest;";
    assert_eq!(
        rename(Language::Sql, code, "recent", "latest").as_deref(),
        Some(expected)
    );
}
