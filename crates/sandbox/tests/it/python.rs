//! Runs of Python programs: what they print, how they end, and what they may not do.

use std::time::{Duration, Instant};

use domain::language::Language;
use domain::sandbox::{Program, RunOutcome, RunStatus, Sandbox as _, Tier, TierState};

use super::{python, sandbox, sandbox_in};

fn place(outcome: &RunOutcome) -> (u32, &str) {
    let error = outcome.error.as_ref().unwrap();
    (error.line, error.message.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reads_computes_and_prints() {
    let sandbox = sandbox().await;
    let mut program = python(
        "import asyncio, sys\n\
         async def later(n):\n    await asyncio.sleep(0.01)\n    return n\n\
         async def main():\n    return await asyncio.gather(later(1), later(2))\n\
         if __name__ == '__main__':\n    print(input() + input(), asyncio.run(main()))\n\
         sys.stdout.flush()\n\
         sys.stdout.buffer.write(b'\\xff!\\n')\n",
    );
    program.stdin = "a\nb\n".to_owned();
    let outcome = sandbox.run(&program).await;
    assert_eq!(outcome.status, RunStatus::Ok, "{outcome:?}");
    assert_eq!(outcome.stdout, "ab [1, 2]\n\u{fffd}!\n");
    assert_eq!(outcome.tier, Some(Tier::Wasm));
    assert_eq!((outcome.error, outcome.reason), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_line_and_the_traceback_shows_the_program_alone() {
    let sandbox = sandbox().await;
    let outcome = sandbox
        .run(&python("def f(n):\n    return 1 / n\n\nprint(f(0))\n"))
        .await;
    assert_eq!(outcome.status, RunStatus::Error);
    assert_eq!(place(&outcome), (2, "ZeroDivisionError: division by zero"));
    assert!(outcome.stderr.starts_with("Traceback (most recent call last):\n  File \"program.py\", line 4, in <module>\n    print(f(0))"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("codegenie"));
    let broken = sandbox.run(&python("x = 1\nif x\n")).await;
    assert_eq!(place(&broken), (2, "SyntaxError: expected ':'"));
    for (code, exit) in [
        ("import sys\nsys.exit(3)", 3),
        ("import os\nos._exit(4)", 4),
        ("import sys\nsys.exit('bad')", 1),
    ] {
        let outcome = sandbox.run(&python(code)).await;
        assert_eq!(outcome.status, RunStatus::Error, "{code}");
        let reason = outcome.reason.unwrap();
        assert!(reason.ends_with(&format!("exit code {exit}")), "{reason}");
    }
    let outcome = sandbox.run(&python("import sys\nsys.exit(0)")).await;
    assert_eq!(outcome.status, RunStatus::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_denied() {
    let sandbox = sandbox().await;
    for code in [
        "open('/etc/passwd')",
        "open('x', 'w')",
        "import os\nos.listdir('/')",
        "import os\nos.system('ls')",
        "import socket\nsocket.socket().connect(('127.0.0.1', 80))",
        "import subprocess\nsubprocess.run(['ls'])",
    ] {
        let outcome = sandbox.run(&python(code)).await;
        assert_eq!(outcome.status, RunStatus::Denied, "{code}: {outcome:?}");
        assert!(outcome.reason.is_some() && outcome.error.is_some());
    }
    let own = sandbox
        .run(&python("raise FileNotFoundError('mine')"))
        .await;
    assert_eq!(own.status, RunStatus::Error);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_memory_depth_and_output_are_bounded() {
    let sandbox = sandbox().await;
    for code in [
        "print('begun')\nwhile True: pass",
        "import time\nprint('begun')\ntime.sleep(60)",
    ] {
        let mut program = python(code);
        program.limits.wall = Duration::from_millis(500);
        let started = Instant::now();
        let outcome = sandbox.run(&program).await;
        assert_eq!(outcome.status, RunStatus::Timeout, "{outcome:?}");
        assert_eq!(outcome.stdout, "begun\n");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
    for code in [
        "x = bytearray(900 * 1024 * 1024)",
        "x = []\nwhile True: x.append('a' * 10_000_000)",
    ] {
        let outcome = sandbox.run(&python(code)).await;
        assert_eq!(outcome.status, RunStatus::Memory, "{outcome:?}");
    }
    let outcome = sandbox.run(&python("def f(): f()\nf()")).await;
    assert!(place(&outcome).1.starts_with("RecursionError"));
    let mut program = python("print('é' * 1000)");
    program.limits.output_bytes = 101;
    let outcome = sandbox.run(&program).await;
    assert_eq!(outcome.stdout, "é".repeat(50));
    assert!(outcome.is_cut);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_is_new_and_its_randomness_its_own() {
    let sandbox = sandbox().await;
    let program = python(
        "import random, uuid, builtins\nprint(random.random(), uuid.uuid4(), hasattr(builtins, 'left'))\nbuiltins.left = 1",
    );
    let (first, second) = tokio::join!(sandbox.run(&program), sandbox.run(&program));
    let third = sandbox.run(&program).await;
    assert_ne!(first.stdout, second.stdout);
    assert_ne!(first.stdout, third.stdout);
    for outcome in [first, second, third] {
        assert!(outcome.stdout.ends_with("False\n"), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_image_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(sandbox_in(folder.path().to_owned()).await);
    let images = || {
        std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "cwasm")
            })
            .collect::<Vec<_>>()
    };
    for path in images() {
        let mut code = std::fs::read(&path).unwrap();
        let middle = code.len() / 2;
        code[middle] ^= 1;
        // Not in place: the first sandbox may still have the file mapped.
        let damaged = path.with_extension("damaged");
        std::fs::write(&damaged, code).unwrap();
        std::fs::rename(damaged, &path).unwrap();
    }
    let sandbox = sandbox_in(folder.path().to_owned()).await;
    let outcome = sandbox.run(&python("print(1)")).await;
    assert_eq!(outcome.stdout, "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_tier_can_run_is_said_to_be_so() {
    let sandbox = sandbox().await;
    assert!(sandbox.can_run(Language::Python));
    assert!(!sandbox.can_run(Language::Rust));
    let outcome = sandbox
        .run(&Program::new(Language::Rust, "fn main() {}"))
        .await;
    assert_eq!(outcome.status, RunStatus::Unavailable);
    let reason = outcome.reason.unwrap();
    assert!(reason.contains("wasm: it cannot run Rust") && reason.contains("native: "));
    let reports = sandbox.report(false).await;
    assert!(matches!(reports[1].state, TierState::Unavailable(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_of_time_are_known_and_unknown_ones_are_not() {
    let sandbox = sandbox().await;
    let program = python(
        "from datetime import datetime\nimport zoneinfo\nberlin = zoneinfo.ZoneInfo('Europe/Berlin')\n\
         print(datetime(2024, 7, 1, 12, tzinfo=berlin).isoformat(), datetime(2024, 1, 1, tzinfo=berlin).tzname())\n\
         print(len(zoneinfo.available_timezones()) > 400)\n\
         try:\n    zoneinfo.ZoneInfo('Europe/Nowhere')\nexcept zoneinfo.ZoneInfoNotFoundError:\n    print('none')",
    );
    let outcome = sandbox.run(&program).await;
    assert_eq!(
        outcome.stdout, "2024-07-01T12:00:00+02:00 CET\nTrue\nnone\n",
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_another_thread_fails_at_once_and_says_why() {
    let sandbox = sandbox().await;
    for wait in [
        "import queue\nqueue.Queue().get()",
        "import threading\nthreading.Event().wait()",
        "import threading\nthreading.Barrier(2).wait()",
        "import concurrent.futures\nconcurrent.futures.Future().result()",
        "import queue, threading\nq = queue.Queue()\n\
         threading.Thread(target=lambda: print(q.get())).start()\nq.put(1)",
    ] {
        let outcome = sandbox.run(&python(wait)).await;
        assert!(
            outcome.stderr.contains("waits for another thread"),
            "{wait}: {outcome:?}"
        );
        assert!(outcome.duration < Duration::from_secs(10));
    }
    let outcome = sandbox
        .run(&python(
            "import queue, threading\nq = queue.Queue()\nt = threading.Thread(target=q.put, args=(4,))\nt.start()\nt.join()\n\
             print(q.get(), threading.Event().wait(0.01))",
        ))
        .await;
    assert_eq!(outcome.stdout, "4 False\n", "{outcome:?}");
}
