//! JavaScript by way of the sandbox as its callers see it; the guest's own tests are beside its code.

use std::time::Duration;

use domain::language::Language;
use domain::sandbox::{Program, RunStatus, Sandbox as _, Tests, Tier};

use super::sandbox;

fn javascript(code: &str) -> Program {
    let mut program = Program::new(Language::JavaScript, code);
    program.limits.wall = Duration::from_secs(10);
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_runs_and_its_error_names_a_line() {
    let sandbox = sandbox().await;
    assert!(sandbox.can_run(Language::JavaScript));
    let mut program = javascript(
        "import { readFileSync } from 'node:fs';\nexport const double = (x) => 2 * x;\n\
         console.log([1, 2].map(double), readFileSync(0, 'utf8').trim());\nawait null;\nnull.x;\n",
    );
    program.stdin = "in\n".to_owned();
    let outcome = sandbox.run(&program).await;
    assert_eq!(outcome.stdout, "[ 2, 4 ] in\n", "{outcome:?}");
    assert_eq!(outcome.status, RunStatus::Error);
    assert_eq!(outcome.tier, Some(Tier::Wasm));
    assert_eq!(outcome.error.map(|error| error.line), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_pass_the_right_program_alone() {
    let sandbox = sandbox().await;
    let tests = Tests::Asserts(
        "assert.deepStrictEqual(pairs({ a: 1 }), [['a', 1]]);\nassert.deepStrictEqual(pairs({}), []);"
            .to_owned(),
    );
    let right = javascript("const pairs = (o) => Object.entries(o);");
    for _ in 0..2 {
        let judged = sandbox.judge(&right, &tests).await;
        assert!(judged.passed(), "{judged:?}");
        assert_eq!(judged.tests.len(), 2);
    }
    for wrong in [
        "const pairs = (o) => Object.keys(o);",
        "const pairs = () => process.exit(0);",
        "Object.is = () => true; const pairs = () => 1;",
        "assert = { deepStrictEqual() {} }; const pairs = () => 1;",
    ] {
        let judged = sandbox.judge(&javascript(wrong), &tests).await;
        assert!(!judged.passed(), "{wrong}: {judged:?}");
    }
}
