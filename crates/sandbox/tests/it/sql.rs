//! SQL by way of the sandbox as its callers see it; the guest's own tests are beside its code.

use domain::language::Language;
use domain::sandbox::{Program, RunStatus, Sandbox as _, Tests};

use super::sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn a_query_runs_and_files_are_out_of_reach() {
    let sandbox = sandbox().await;
    assert!(sandbox.can_run(Language::Sql));
    let outcome = sandbox
        .run(&Program::new(Language::Sql, "SELECT 1 AS one, 'x' AS two;"))
        .await;
    assert_eq!(
        outcome.stdout, "one | two\n----+----\n  1 | x\n",
        "{outcome:?}"
    );
    let outcome = sandbox
        .run(&Program::new(
            Language::Sql,
            "SELECT 1;\nATTACH 'other.db' AS o;",
        ))
        .await;
    assert_eq!(outcome.status, RunStatus::Denied);
    assert_eq!(outcome.error.map(|error| error.line), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_pass_the_right_query_alone() {
    let sandbox = sandbox().await;
    let tests = Tests::Asserts(
        "CREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES (2), (1), (NULL);\n\
         -- expected rows, tab-separated:\n\n1\n2\n"
            .to_owned(),
    );
    for (query, is_right) in [
        ("SELECT a FROM t ORDER BY a;", true),
        ("SELECT a FROM t ORDER BY a DESC;", false),
        ("SELECT a FROM t WHERE a > 0 ORDER BY a;", false),
        ("SELECT a FROM t ORDER BY a", true),
    ] {
        let judged = sandbox
            .judge(&Program::new(Language::Sql, query), &tests)
            .await;
        assert_eq!(judged.passed(), is_right, "{query}: {judged:?}");
    }
}
