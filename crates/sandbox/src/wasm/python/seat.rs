//! The host functions of the Python guest: each interpreter sits in one of three seats, which say what it may call.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use domain::sandbox::{TESTS_MAX, TestResult};
use serde::Deserialize;
use tokio::sync::mpsc;
use wasmtime::component::{Linker, TypedFunc};
use wasmtime::{Store, StoreContextMut};

use super::super::pipes::Pipe;
use super::super::room::{ExitReason, Room};

/// Most bytes of one message between the interpreters.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most bytes kept of one finding's text.
const FINDING_BYTES_MAX: usize = 4 * 1024;

/// Who an interpreter is to the host.
pub(crate) enum Seat {
    /// It runs a program that nobody judges.
    Alone {
        /// The code it is about to exit with: WASI itself tells only 0 from the rest.
        exit_code: Option<i32>,
    },
    /// It has the program that is judged.
    Program {
        /// To the tests.
        out: mpsc::Sender<Vec<u8>>,
        /// From the tests.
        back: mpsc::Receiver<Vec<u8>>,
    },
    /// It has the tests.
    Tests {
        /// The program's interpreter.
        link: Link,
        /// What it found so far.
        findings: Arc<Mutex<Findings>>,
    },
}

/// The tests' ends of the ways to the program.
pub(super) struct Ends {
    from_program: mpsc::Receiver<Vec<u8>>,
    to_program: mpsc::Sender<Vec<u8>>,
}

impl Seat {
    /// The program's seat, and the ends of its ways for the tests' seat.
    pub(super) fn for_program() -> (Self, Ends) {
        let (out, from_program) = mpsc::channel(1);
        let (to_program, back) = mpsc::channel(1);
        let ends = Ends {
            from_program,
            to_program,
        };
        (Self::Program { out, back }, ends)
    }
}

/// What the tests found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(super) tests: Vec<TestResult>,
}

#[derive(Deserialize)]
struct Finding {
    at: usize,
    name: String,
    failure: Option<String>,
}

impl Findings {
    fn add(&mut self, message: &[u8]) {
        let Ok(finding) = serde_json::from_slice::<Finding>(message) else {
            tracing::warn!("a finding of the tests cannot be read");
            return;
        };
        let test = TestResult {
            name: cut(finding.name),
            failure: finding.failure.map(cut),
        };
        let has_room = self.tests.len() < TESTS_MAX;
        if let Some(known) = self.tests.get_mut(finding.at) {
            *known = test;
        } else if has_room {
            self.tests.push(test);
        } else if let Some(last) = self.tests.last_mut()
            && last.failure.is_none()
        {
            // The tests send what comes after the bound only when it failed.
            *last = test;
        }
    }
}

fn cut(mut text: String) -> String {
    if text.len() > FINDING_BYTES_MAX {
        text.truncate(text.floor_char_boundary(FINDING_BYTES_MAX));
    }
    text
}

type Serving =
    Pin<Box<dyn Future<Output = (Store<Room<Seat>>, wasmtime::Result<(Vec<u8>,)>)> + Send>>;

/// The program's interpreter as the tests' seat holds it: idle, or serving a request.
pub(crate) struct Link {
    idle: Option<Store<Room<Seat>>>,
    serving: Option<Serving>,
    serve: TypedFunc<(Vec<u8>,), (Vec<u8>,)>,
    ends: Ends,
    stdout: Pipe,
    gone: Option<ExitReason>,
}

impl Link {
    pub(super) fn new(
        store: Store<Room<Seat>>,
        serve: TypedFunc<(Vec<u8>,), (Vec<u8>,)>,
        ends: Ends,
        stdout: Pipe,
    ) -> Self {
        // What was printed while the program was loaded is none of the tests' output.
        drop(stdout.take_new());
        Self {
            idle: Some(store),
            serving: None,
            serve,
            ends,
            stdout,
            gone: None,
        }
    }

    /// How the program ended, when it did not last as long as its tests.
    pub(super) fn gone(&self) -> Option<&ExitReason> {
        self.gone.as_ref()
    }

    /// Passes `message` on to the program: as a request, or as the answer it waits for. Returns what it says next.
    async fn ask(&mut self, message: Vec<u8>) -> Result<Vec<u8>, String> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err("what the tests pass to the program is too large".to_owned());
        }
        if self.gone.is_some() {
            return Err("the program has ended".to_owned());
        }
        let mut serving = match (self.serving.take(), self.idle.take()) {
            (Some(serving), _) => {
                // It waits for exactly one message, so there is room.
                if self.ends.to_program.try_send(message).is_err() {
                    return Err("the program does not listen".to_owned());
                }
                serving
            }
            (None, Some(mut store)) => {
                let serve = self.serve;
                Box::pin(async move {
                    let served = serve.call_async(&mut store, (message,)).await;
                    (store, served)
                }) as Serving
            }
            (None, None) => return Err("the program has ended".to_owned()),
        };
        tokio::select! {
            biased;
            (store, served) = &mut serving => match served {
                Ok((answer,)) if answer.len() <= MESSAGE_BYTES_MAX => {
                    self.idle = Some(store);
                    Ok(answer)
                }
                Ok(_) => {
                    self.gone = Some(ExitReason::Trap("its answer is too large".to_owned()));
                    Err("the program's answer is too large".to_owned())
                }
                Err(error) => {
                    let reason = ExitReason::of(&error, &store.data().budget);
                    let why = match &reason {
                        ExitReason::Finished => "the program ended itself with exit code 0".to_owned(),
                        ExitReason::Exit(code) => format!("the program ended itself with exit code {code}"),
                        ExitReason::Timeout => "the time was up".to_owned(),
                        ExitReason::Memory => "the program ran out of memory".to_owned(),
                        ExitReason::Trap(why) => format!("the program broke its interpreter: {why}"),
                    };
                    self.gone = Some(reason);
                    Err(why)
                }
            },
            Some(question) = self.ends.from_program.recv() => {
                self.serving = Some(serving);
                Ok(question)
            }
        }
    }
}

/// Adds what the guest's world imports beside WASI.
pub(super) fn link(linker: &mut Linker<Room<Seat>>) -> wasmtime::Result<()> {
    let mut root = linker.root();
    root.func_wrap_async(
        "ask",
        |context: StoreContextMut<'_, Room<Seat>>, (message,): (Vec<u8>,)| {
            Box::new(async move { Ok((ask(context, message).await,)) })
        },
    )?;
    root.func_wrap(
        "printed",
        |context: StoreContextMut<'_, Room<Seat>>, (): ()| {
            Ok((match &context.data().own {
                Seat::Tests { link, .. } => link.stdout.take_new(),
                Seat::Alone { .. } | Seat::Program { .. } => Vec::new(),
            },))
        },
    )?;
    root.func_wrap(
        "tell",
        |mut context: StoreContextMut<'_, Room<Seat>>, (finding,): (Vec<u8>,)| {
            match &mut context.data_mut().own {
                Seat::Tests { findings, .. } => findings
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .add(&finding),
                Seat::Alone { exit_code } => *exit_code = announced_exit(&finding),
                Seat::Program { .. } => {}
            }
            Ok(())
        },
    )
}

fn announced_exit(message: &[u8]) -> Option<i32> {
    #[derive(Deserialize)]
    struct Exit {
        exit: i32,
    }
    serde_json::from_slice::<Exit>(message)
        .ok()
        .map(|announced| announced.exit)
}

async fn ask(
    mut context: StoreContextMut<'_, Room<Seat>>,
    message: Vec<u8>,
) -> Result<Vec<u8>, String> {
    match &mut context.data_mut().own {
        Seat::Alone { .. } => Err("there are no tests".to_owned()),
        Seat::Program { out, back } => {
            if message.len() > MESSAGE_BYTES_MAX || out.try_send(message).is_err() {
                return Err("the tests do not listen".to_owned());
            }
            back.recv()
                .await
                .ok_or_else(|| "the tests have ended".to_owned())
        }
        Seat::Tests { link, .. } => link.ask(message).await,
    }
}

/// What the tests say at their end: whether every one was reached.
pub(super) fn is_complete(told: &str) -> bool {
    #[derive(Deserialize)]
    struct End {
        complete: bool,
    }
    serde_json::from_str::<End>(told).is_ok_and(|end| end.complete)
}
