//! SQL in its guest: tables, bounds, what is refused, and rows that are compared.

use std::time::Duration;

use domain::language::Language;
use domain::sandbox::Limits;

use super::super::javascript::reactor::{built, engine_for_tests};
use super::*;

async fn guest() -> Option<SqlGuest> {
    built(SqlGuest::new(&engine_for_tests()).await)
}

fn program(code: &str) -> Program {
    Program::new(Language::Sql, code)
}

#[tokio::test]
async fn results_are_printed_as_tables() {
    let Some(guest) = guest().await else { return };
    let outcome = guest
        .run(&program(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price REAL);\nINSERT INTO t VALUES (1, 'pen', 1.5), (20, 'größe', NULL);\nSELECT * FROM t;\nSELECT count(*) AS n FROM t;",
        ))
        .await;
    assert_eq!(
        outcome.stdout,
        "id | name  | price\n---+-------+------\n 1 | pen   |   1.5\n20 | größe | NULL\nn\n-\n2\n",
        "{outcome:?}"
    );
    assert_eq!(outcome.status, RunStatus::Ok);
    let again = guest.run(&program("SELECT * FROM t;")).await;
    assert_eq!(again.status, RunStatus::Error, "a database was kept");
}

#[tokio::test]
async fn an_error_names_its_line() {
    let Some(guest) = guest().await else { return };
    for (code, line, message) in [
        (
            "SELECT 1;\n\n-- next\nSELECT missing;",
            4,
            "no such column: missing",
        ),
        ("SELECT 1;\nSELEC 2;", 2, "syntax error"),
        (
            "CREATE TABLE t (a UNIQUE);\nINSERT INTO t VALUES (1);\nINSERT INTO t\nVALUES (1);",
            3,
            "UNIQUE constraint failed: t.a",
        ),
    ] {
        let outcome = guest.run(&program(code)).await;
        let error = outcome.error.unwrap();
        assert_eq!(error.line, line, "{code}");
        assert!(error.message.contains(message), "{}", error.message);
    }
}

#[tokio::test]
async fn what_reaches_outside_is_denied() {
    let Some(guest) = guest().await else { return };
    for code in [
        "ATTACH '/etc/passwd' AS p;",
        "VACUUM INTO '/tmp/x';",
        "DETACH main;",
        "PRAGMA writable_schema = 1;",
        "PRAGMA temp_store_directory = '/tmp';",
    ] {
        let outcome = guest.run(&program(code)).await;
        assert_eq!(outcome.status, RunStatus::Denied, "{code}: {outcome:?}");
        assert!(outcome.reason.unwrap().contains("not allowed"));
    }
    for code in [
        "SELECT load_extension('x');",
        "SELECT readfile('/etc/passwd');",
    ] {
        assert_ne!(guest.run(&program(code)).await.status, RunStatus::Ok);
    }
    for code in [
        "PRAGMA foreign_keys;",
        "PRAGMA table_info(sqlite_schema);",
        "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('a b'); SELECT * FROM f WHERE f MATCH 'b';",
        "SELECT json_extract('{\"a\": 1}', '$.a'), sqrt(2), date('now') > '2020';",
    ] {
        let outcome = guest.run(&program(code)).await;
        assert_eq!(outcome.status, RunStatus::Ok, "{code}: {outcome:?}");
    }
}

#[tokio::test]
async fn bounds_hold() {
    let Some(guest) = guest().await else { return };
    let mut endless = program(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;",
    );
    endless.limits.wall = Duration::from_millis(200);
    assert_eq!(guest.run(&endless).await.status, RunStatus::Timeout);
    let mut printing =
        program("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;");
    printing.limits.wall = Duration::from_millis(200);
    let outcome = guest.run(&printing).await;
    assert_eq!(outcome.status, RunStatus::Timeout);
    assert!(outcome.stdout.ends_with("\n1000\n"), "{}", outcome.stdout);
    let mut hungry = program(
        "CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT randomblob(1000000) FROM n;",
    );
    hungry.limits = Limits {
        memory_bytes: 64 * 1024 * 1024,
        wall: Duration::from_secs(30),
        ..Limits::default()
    };
    assert_eq!(guest.run(&hungry).await.status, RunStatus::Memory);
    let many = program(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n;",
    );
    assert!(
        guest
            .run(&many)
            .await
            .stdout
            .ends_with("(4000 more rows)\n")
    );
}

#[tokio::test]
async fn rows_are_judged_by_value_and_order() {
    let Some(guest) = guest().await else { return };
    let tests = Tests::Asserts(
        "CREATE TABLE t (a, b);\nINSERT INTO t VALUES (1, 0.1), (2, NULL);\n-- expected rows, tab-separated:\n2\t\n1\t0.30000000000000004\n"
            .to_owned(),
    );
    let right = "SELECT a, b + 0.2 FROM t ORDER BY a DESC;";
    let judged = guest.judge(&program(right), &tests).await;
    assert!(judged.passed(), "{judged:?}");
    for wrong in [
        "SELECT a, b + 0.2 FROM t ORDER BY a;",
        "SELECT a FROM t;",
        "DELETE FROM t;",
        "SELECT a, b + 0.2 FROM t ORDER BY a DESC; SELECT 1;",
        "SELECT a, b + 0.2 FROM t ORDER BY a DESC; nonsense",
        "DROP TABLE t;",
        "",
    ] {
        let judged = guest.judge(&program(wrong), &tests).await;
        assert!(!judged.passed(), "{wrong}");
        assert!(judged.failure().is_some());
    }
    let unusable = guest
        .judge(&program("SELECT 1"), &Tests::Asserts("1".to_owned()))
        .await;
    assert!(!unusable.passed() && unusable.tests.is_empty());
}

/// The text of the first fenced block below a heading of a library file.
fn section<'text>(file: &'text str, heading: &str) -> Option<&'text str> {
    let (_, after) = file.split_once(heading)?;
    let (_, body) = after.split_once("```")?;
    let (_, body) = body.split_once('\n')?;
    Some(body.split_once("```")?.0)
}

#[tokio::test]
async fn the_library_s_queries_pass_and_changed_ones_do_not() {
    let Some(guest) = guest().await else { return };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../library/tasks/sql");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::read_to_string(&path).unwrap();
        let code = section(&file, "\n## Code").unwrap();
        let set_up = section(&file, "\n## Setup").unwrap();
        let rows = section(&file, "\n## Tests").unwrap();
        let tests = Tests::Asserts(format!("{set_up}\n{EXPECTED}{rows}"));
        let judged = guest.judge(&program(code), &tests).await;
        assert!(judged.passed(), "{}: {judged:?}", path.display());
        let changed = format!("{code}\nSELECT 1;");
        assert!(!guest.judge(&program(&changed), &tests).await.passed());
        count += 1;
    }
    assert!(count >= 10, "{count} queries");
}
