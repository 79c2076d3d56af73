//! Every task of the library does what it says: its tests are run with the language's own tools.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::knowledge::{Draft, read_library};
use domain::Language;
use domain::knowledge::{ItemBody, TaskBody};

/// Runs a SQL file against an empty SQLite database and prints the rows of its last query.
const SQL_RUNNER: &str = r#"
import sqlite3, sys
connection = sqlite3.connect(":memory:")
statements, buffer = [], ""
for line in open(sys.argv[1], encoding="utf-8"):
    buffer += line
    if sqlite3.complete_statement(buffer):
        statements.append(buffer)
        buffer = ""
rows = []
for statement in statements + ([buffer] if buffer.strip() else []):
    cursor = connection.execute(statement)
    rows = cursor.fetchall() if cursor.description else rows
for row in rows:
    print("\t".join("" if value is None else str(value) for value in row))
"#;

#[test]
fn every_task_passes_its_own_tests() {
    let tasks: Vec<(String, TaskBody)> = read_library()
        .unwrap()
        .into_iter()
        .filter_map(task_of)
        .collect();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((key, task)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(failure) = verify(task) {
                        failures.lock().unwrap().push(format!("{key}: {failure}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} tasks fail:\n{}",
        failures.len(),
        tasks.len(),
        failures.join("\n")
    );
    assert!(tasks.len() >= 80, "{} tasks", tasks.len());
}

#[test]
fn a_task_that_fails_its_tests_is_noticed() {
    let task = |language, code: &str, tests: &str| TaskBody {
        language,
        code: code.to_owned(),
        tests: Some(tests.to_owned()),
        entry_point: None,
        verified: false,
    };
    let wrong = [
        task(
            Language::Python,
            "def one():\n    return 2\n",
            "assert one() == 1\n",
        ),
        task(
            Language::JavaScript,
            "const one = () => 2;\n",
            "assert.deepStrictEqual(one(), 1);\n",
        ),
        task(
            Language::Sql,
            "SELECT 2;\n",
            "CREATE TABLE t (x);\n\n-- expected rows, tab-separated:\n1\n",
        ),
        task(
            Language::Rust,
            "fn one() -> u8 { 2 }\n",
            "assert_eq!(one(), 1);\n",
        ),
        task(
            Language::Cpp,
            "int one() { return 2; }\n",
            "assert(one() == 1);\n",
        ),
    ];
    for task in wrong {
        assert!(verify(&task).is_err(), "{}", task.language);
    }
}

fn task_of(draft: Draft) -> Option<(String, TaskBody)> {
    match draft.body {
        ItemBody::Task(task) => Some((draft.key, task)),
        ItemBody::Concept(_) => None,
    }
}

fn verify(task: &TaskBody) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let tests = task.tests.as_deref().ok_or("has no tests")?;
    match task.language {
        Language::Python => run_file(
            folder.path(),
            "task.py",
            &format!("{}\n{tests}", task.code),
            "python3",
        ),
        Language::JavaScript => {
            let text = format!(
                "const assert = require(\"node:assert\");\n{}\n{tests}",
                task.code
            );
            run_file(folder.path(), "task.js", &text, "node")
        }
        Language::Cpp => {
            let text = format!(
                "#include <cassert>\n{}\nint main() {{\n{tests}\n}}\n",
                task.code
            );
            let flags = [
                "-std=c++17",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-pthread",
                "-o",
                "task",
            ];
            compile_and_run(
                folder.path(),
                "task.cpp",
                &text,
                Command::new("g++").args(flags),
            )
        }
        Language::Rust => {
            let text = format!("{}\nfn main() {{\n{tests}\n}}\n", task.code);
            let flags = ["--edition", "2021", "-D", "warnings", "-o", "task"];
            compile_and_run(
                folder.path(),
                "task.rs",
                &text,
                Command::new("rustc").args(flags),
            )
        }
        Language::Sql => verify_sql(folder.path(), &task.code, tests),
        Language::TypeScript | Language::C | Language::Java | Language::Go => {
            Err(format!("no way to run {} is known here", task.language))
        }
    }
}

fn verify_sql(folder: &Path, code: &str, tests: &str) -> Result<(), String> {
    let (set_up, expected) = tests
        .split_once("\n-- expected rows, tab-separated:\n")
        .ok_or("has no expected rows")?;
    write(folder, "runner.py", SQL_RUNNER)?;
    write(folder, "task.sql", &format!("{set_up}\n{code}"))?;
    let output = run(Command::new("python3")
        .args(["runner.py", "task.sql"])
        .current_dir(folder))?;
    let found = String::from_utf8_lossy(&output.stdout);
    if found.trim_end() == expected.trim_end() {
        return Ok(());
    }
    Err(format!("expected rows\n{expected}\nbut found\n{found}"))
}

fn run_file(folder: &Path, name: &str, text: &str, program: &str) -> Result<(), String> {
    write(folder, name, text)?;
    run(Command::new(program).arg(name).current_dir(folder)).map(|_| ())
}

fn compile_and_run(
    folder: &Path,
    name: &str,
    text: &str,
    compiler: &mut Command,
) -> Result<(), String> {
    write(folder, name, text)?;
    run(compiler.arg(name).current_dir(folder))?;
    run(Command::new(folder.join("task")).current_dir(folder)).map(|_| ())
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!(
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    ))
}
