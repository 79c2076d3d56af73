//! JavaScript in its guest: what it prints, how it ends, and who decides about its tests.

use std::time::Duration;

use domain::language::Language;
use domain::sandbox::{Judgement, Limits};

use super::reactor::{built, engine_for_tests};
use super::*;

async fn guest() -> Option<JavaScriptGuest> {
    built(JavaScriptGuest::new(&engine_for_tests()).await)
}

fn program(code: &str) -> Program {
    Program::new(Language::JavaScript, code)
}

async fn run(code: &str) -> Option<RunOutcome> {
    Some(guest().await?.run(&program(code)).await)
}

fn asserts(tests: &str) -> Tests {
    Tests::Asserts(tests.to_owned())
}

fn has_failed(judged: &Judgement, why: &str) -> bool {
    !judged.passed()
        && judged
            .failure()
            .is_some_and(|failure| failure.contains(why))
}

#[tokio::test]
async fn a_program_prints_as_node_does() {
    let Some(outcome) = run(
        "console.log({ a: [1, 'x', null], m: new Map([[1, { b: 2 }]]) }, -0, 5n);\nconsole.error('%s is %d', 'x', 3);\nclass P { x = 1 }\nconsole.log(new P(), [new Set([1])], () => 1, Array.from({ length: 7 }, (_, i) => i * 100));",
    )
    .await
    else {
        return;
    };
    assert_eq!(
        outcome.stdout,
        "{ a: [ 1, 'x', null ], m: Map(1) { 1 => { b: 2 } } } -0 5n\nP { x: 1 } [ Set(1) { 1 } ] [Function (anonymous)] [\n    0, 100, 200,\n  300, 400, 500,\n  600\n]\n"
    );
    assert_eq!(outcome.stderr, "x is 3\n");
    assert_eq!(outcome.status, RunStatus::Ok);
}

#[tokio::test]
async fn an_error_names_its_line_and_the_next_run_is_fresh() {
    let Some(guest) = guest().await else { return };
    let outcome = guest
        .run(&program(
            "globalThis.left = 1;\nfunction f(x) {\n  return x.y.z;\n}\nf({});\n",
        ))
        .await;
    assert_eq!(outcome.status, RunStatus::Error);
    let error = outcome.error.unwrap();
    assert_eq!(error.line, 3);
    assert!(
        error.message.starts_with("TypeError: "),
        "{}",
        error.message
    );
    assert!(
        outcome.stderr.contains("at f (program.js:3:"),
        "{}",
        outcome.stderr
    );
    let again = guest.run(&program("console.log(typeof left)")).await;
    assert_eq!(again.stdout, "undefined\n");
    for (code, line) in [
        ("let a = 1;\nlet b = ;", 2),
        ("\nPromise.reject(new Error('x'));", 2),
        ("await 1;\nthrow new RangeError('y');", 2),
    ] {
        let outcome = guest.run(&program(code)).await;
        assert_eq!(outcome.error.map(|error| error.line), Some(line), "{code}");
    }
}

#[tokio::test]
async fn timers_run_in_order_on_a_clock_that_jumps() {
    let Some(outcome) = run(
        "const t = Date.now();\nsetTimeout(() => console.log('late', Date.now() - t >= 3000), 3000);\nsetTimeout(() => console.log('timeout'), 0);\nsetImmediate(() => console.log('immediate'));\nPromise.resolve().then(() => console.log('micro'));\nprocess.nextTick(() => console.log('tick'));\nlet n = 0;\nconst i = setInterval(() => { if (++n === 3) { clearInterval(i); console.log('third'); } }, 10);\nconsole.log('sync');",
    )
    .await
    else {
        return;
    };
    assert_eq!(outcome.status, RunStatus::Ok, "{}", outcome.stderr);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.get(..3), Some(&["sync", "tick", "micro"][..]));
    assert_eq!(lines.get(5..), Some(&["third", "late true"][..]));
    assert!(outcome.duration < Duration::from_secs(3));
    let waits = run("setTimeout(() => {}, 60000)").await.unwrap();
    assert_eq!(waits.status, RunStatus::Timeout);
}

#[tokio::test]
async fn standard_input_is_read_in_every_usual_way() {
    let Some(guest) = guest().await else { return };
    for code in [
        "const [a, b] = require('fs').readFileSync(0, 'utf8').split('\\n').map(Number); console.log(a + b);",
        "import { createInterface } from 'node:readline';\nconst all = [];\ncreateInterface({ input: process.stdin }).on('line', (l) => all.push(Number(l))).on('close', () => console.log(all[0] + all[1]));",
        "let s = ''; process.stdin.on('data', (d) => s += d).on('end', () => console.log(s.trim().split('\\n').reduce((a, b) => a + Number(b), 0)));",
        "let n = 0; for await (const line of require('readline').createInterface({ input: process.stdin })) n += Number(line); console.log(n);",
    ] {
        let mut asked = program(code);
        asked.stdin = "2\n3\n".to_owned();
        let outcome = guest.run(&asked).await;
        assert_eq!(outcome.stdout, "5\n", "{code}: {}", outcome.stderr);
    }
    let cases = ["1\n1\n", "4\n5\n"].map(|stdin| IoCase {
        stdin: stdin.to_owned(),
        stdout: if stdin.starts_with('1') { "2" } else { "9" }.to_owned(),
    });
    let adds = "const [a, b] = require('fs').readFileSync(0, 'utf8').split('\\n').map(Number); console.log(a + b);";
    let judged = guest
        .judge(&program(adds), &Tests::Io(cases.to_vec()))
        .await;
    assert!(judged.passed(), "{judged:?}");
    let judged = guest
        .judge(&program("console.log(2)"), &Tests::Io(cases.to_vec()))
        .await;
    assert!(has_failed(&judged, "expected `9`, got `2`"), "{judged:?}");
}

#[tokio::test]
async fn bounds_hold() {
    let Some(guest) = guest().await else { return };
    let mut hungry = program("const all = []; for (;;) all.push(new Array(100000).fill(1));");
    hungry.limits = Limits {
        memory_bytes: 64 * 1024 * 1024,
        wall: Duration::from_mins(1),
        ..Limits::default()
    };
    assert_eq!(guest.run(&hungry).await.status, RunStatus::Memory);
    let mut endless = program("for (;;) {}");
    endless.limits.wall = Duration::from_millis(200);
    assert_eq!(guest.run(&endless).await.status, RunStatus::Timeout);
    endless.code = "/^(a+)+$/.test('a'.repeat(40) + 'b')".to_owned();
    assert_eq!(guest.run(&endless).await.status, RunStatus::Timeout);
    let deep = guest
        .run(&program(
            "const f = (n) => n === 0 ? 0 : 1 + f(n - 1);\nconsole.log(f(5000));\ntry { f(1e9) } catch (e) { console.log(e instanceof RangeError) }",
        ))
        .await;
    assert_eq!(deep.stdout, "5000\ntrue\n", "{deep:?}");
    let exits = guest.run(&program("process.exit(3)")).await;
    assert_eq!(exits.status, RunStatus::Error);
    assert!(exits.reason.unwrap().contains("exit code 3"));
}

#[tokio::test]
async fn files_and_the_network_are_not_there() {
    let Some(guest) = guest().await else { return };
    for code in [
        "require('fs').readFileSync('/etc/passwd')",
        "require('child_process').execSync('id')",
        "import net from 'node:net';",
        "await fetch('http://localhost/')",
    ] {
        let outcome = guest.run(&program(code)).await;
        assert_eq!(outcome.status, RunStatus::Denied, "{code}: {outcome:?}");
    }
    let outcome = guest.run(&program("require('left-pad')")).await;
    assert_eq!(outcome.status, RunStatus::Error);
    assert!(
        outcome
            .error
            .unwrap()
            .message
            .contains("Cannot find module")
    );
}

#[tokio::test]
async fn tests_tell_right_from_wrong() {
    let Some(guest) = guest().await else { return };
    let right = program(
        "const add = (a, b) => a + b;\nclass Bad extends Error {}\nconst fail = async () => { throw new Bad('no'); };",
    );
    let tests = asserts(
        "assert.strictEqual(add(1, 2), 3);\nassert.deepStrictEqual(new Map([[{ a: 1 }, new Set([[1]])]]), new Map([[{ a: 1 }, new Set([[1]])]]));\nassert.notDeepStrictEqual([0], [-0]);\nassert.throws(() => { throw new Bad('x'); }, Bad);\nawait assert.rejects(fail(), { message: 'no' });\nconsole.assert(add(2, 2) === 4);",
    );
    let judged = guest.judge(&right, &tests).await;
    assert!(judged.passed(), "{judged:?}");
    assert_eq!(judged.tests.len(), 6);
    assert_eq!(
        judged.tests.first().map(|test| test.name.as_str()),
        Some("assert.strictEqual(add(1, 2), 3);")
    );
    let mut wrong = right.clone();
    wrong.code = wrong.code.replace("a + b", "a - b");
    let judged = guest.judge(&wrong, &tests).await;
    assert!(has_failed(&judged, "expected 3, got -1"), "{judged:?}");
    assert_eq!(judged.run.status, RunStatus::Ok);
    let check = Tests::Check {
        code: "function check(candidate) {\n  console.assert(candidate(1, 1) === 2);\n}".to_owned(),
        entry_point: "add".to_owned(),
    };
    assert!(guest.judge(&right, &check).await.passed());
    assert!(!guest.judge(&wrong, &check).await.passed());
    let hangs = asserts("await new Promise(() => {});\nassert(true);");
    let judged = guest.judge(&right, &hangs).await;
    assert!(has_failed(&judged, "never settled"), "{judged:?}");
    let many = asserts(
        "for (let i = 0; i < 50000; i++) assert(add(i, 1) === i + 1);\nassert.equal(add(1, 1), 3);",
    );
    let judged = guest.judge(&right, &many).await;
    assert!(has_failed(&judged, "expected 3, got 2"), "{judged:?}");
    assert_eq!(judged.tests.len(), 2);
    let silent = asserts("add(1, 2);");
    assert!(!guest.judge(&right, &silent).await.passed());
}

#[tokio::test]
async fn no_trick_of_a_program_passes_its_tests() {
    let Some(guest) = guest().await else { return };
    let tests = asserts(
        "assert.strictEqual(f(1), 2);\nassert.ok(JSON.stringify(f(1)) === JSON.stringify(2));\nassert.deepStrictEqual([f(1)], [2]);",
    );
    for code in [
        "function f() { process.exit(0); }",
        "process.exit(0);",
        "function f() { return 3; }\nglobalThis.assert = () => {}; assert.strictEqual = assert.ok = assert.deepStrictEqual = () => {};",
        "const assert = new Proxy(() => {}, { get: () => () => {} });\nfunction f() { return 3; }",
        "Object.is = () => true;\nfunction f() { return 3; }",
        "function f() { Object.is = () => true; JSON.stringify = () => 'x'; Array.prototype.every = () => true; return 3; }",
        "let JSON = { stringify: () => 'x' };\nfunction f() { return 3; }",
        "Number.prototype.toJSON = () => 'x';\nfunction f() { return 3; }",
        "function f() { console.log('PASS'); return 3; }",
        "function f() { return { valueOf: () => 2, toString: () => '2', [Symbol.toPrimitive]: () => 2 }; }",
        "function f() { throw null; }",
        "Error.prepareStackTrace = (e, s) => { for (const c of s) try { c.getFunction()(); } catch {} };\nfunction f() { return new Error('x').stack, 3; }",
        "function f() { const c = console.assert.constructor; try { c('return this')().Object.is = () => true; } catch {} return 3; }",
        "setTimeout(() => process.exit(0), 0);\nfunction f() { return 3; }",
        "Promise.prototype.then = function () {};\nasync function f() { return 3; }",
        "const g = Reflect.apply; Reflect.apply = () => 2; function f() { return 3; }",
        "for (;;) {}",
    ] {
        let mut hostile = program(code);
        hostile.limits.wall = Duration::from_secs(3);
        let judged = guest.judge(&hostile, &tests).await;
        assert!(!judged.passed(), "{code}: {judged:?}");
        assert!(judged.failure().is_some());
    }
    let right = "Array.prototype.last = function () { return this[this.length - 1]; };\nfunction f() { return [1, 2].last(); }";
    let judged = guest.judge(&program(right), &tests).await;
    assert!(judged.passed(), "{judged:?}");
    let replaced = guest
        .judge(
            &program("JSON.stringify = () => 'x';\nfunction f() { return 2; }"),
            &tests,
        )
        .await;
    assert!(
        has_failed(&replaced, "replaced JSON.stringify"),
        "{replaced:?}"
    );
    for name in ["call", "apply", "bind"] {
        let code = format!("Function.prototype.{name} = () => true;\nfunction f() {{ return 2; }}");
        let replaced = guest.judge(&program(&code), &tests).await;
        let why = format!("replaced Function.prototype.{name}");
        assert!(has_failed(&replaced, &why), "{replaced:?}");
    }
    let own = "'use strict';\nfunction f() { const g = () => 1; g.call = 2; g.toString = () => 'g'; return g.call; }";
    let judged = guest.judge(&program(own), &tests).await;
    assert!(judged.passed(), "{judged:?}");
}

/// The text of the first fenced block below a heading of a library file.
fn section<'text>(file: &'text str, heading: &str) -> &'text str {
    let (_, after) = file.split_once(heading).unwrap();
    let (_, body) = after.split_once("```javascript\n").unwrap();
    body.split_once("\n```").unwrap().0
}

#[tokio::test]
async fn the_library_s_programs_pass_their_tests_and_changed_ones_do_not() {
    let Some(guest) = guest().await else { return };
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../library/tasks/javascript"
    );
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::read_to_string(&path).unwrap();
        let (code, tests) = (section(&file, "\n## Code"), section(&file, "\n## Tests"));
        let judged = guest.judge(&program(code), &asserts(tests)).await;
        assert!(judged.passed(), "{}: {judged:?}", path.display());
        count += 1;
        let changed = code.replacen("return ", "return undefined && ", 1);
        if changed != code && !code.contains("return undefined") {
            let judged = guest.judge(&program(&changed), &asserts(tests)).await;
            assert!(!judged.passed(), "{}: {changed}", path.display());
        }
    }
    assert!(count >= 16, "{count} programs");
}
