//! A guest that is one core module: it is handed a request, runs once, and leaves records in its memory. JavaScript and SQL
//! are such guests; what their records mean is theirs.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use domain::sandbox::{ErrorPlace, Limits, RunOutcome, RunStatus, Tier};
use wasmtime::{Instance, InstancePre, Linker, Store};

use crate::wasm::engine::{Busy, WasmEngine};
use crate::wasm::image::ImageError;
use crate::wasm::room::{Bounds, Budget, ExitReason, Pipes, Room};

/// Most bytes of records that are read; the guests keep within it.
const RECORDS_BYTES_MAX: u32 = 1024 * 1024;

/// Something a guest noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::wasm) struct Record {
    /// What it is about; see the guest's source.
    pub(in crate::wasm) kind: char,
    /// A line, or 0.
    pub(in crate::wasm) line: u32,
    /// Its text.
    pub(in crate::wasm) text: String,
}

/// A run that has ended.
#[derive(Debug)]
pub(in crate::wasm) struct Ended {
    /// What it noted, in order.
    pub(in crate::wasm) records: Vec<Record>,
    /// How the call ended.
    pub(in crate::wasm) exit: ExitReason,
    pipes: Pipes,
    duration: Duration,
    limits: Limits,
}

/// The guest, ready to be started any number of times.
#[derive(Clone)]
pub(in crate::wasm) struct Reactor {
    engine: Arc<WasmEngine>,
    module: InstancePre<Room<()>>,
}

impl Reactor {
    /// Compiles or loads `image`.
    pub(in crate::wasm) async fn new(
        engine: &Arc<WasmEngine>,
        image: &'static str,
    ) -> Result<Self, ImageError> {
        let broken = |error: wasmtime::Error| ImageError::Broken {
            image,
            why: format!("{error:#}"),
        };
        let module = engine.module(image).await?;
        let mut linker = Linker::new(engine.wasmtime());
        wasmtime_wasi::p1::add_to_linker_async(&mut linker, Room::preview1).map_err(broken)?;
        Ok(Self {
            engine: Arc::clone(engine),
            module: linker.instantiate_pre(&module).map_err(broken)?,
        })
    }

    /// Runs the guest once, in an instance of its own, with `request` made from the bounds it runs within.
    pub(in crate::wasm) async fn run(
        &self,
        limits: Limits,
        request: impl FnOnce(&Bounds) -> Vec<u8>,
    ) -> Result<Ended, Busy> {
        let bounds = Bounds::from(limits);
        let pipes = Pipes::new(Vec::new(), &bounds);
        let request = request(&bounds);
        let (guest, streams) = (self.clone(), pipes.clone());
        let job = move |budget: Arc<Budget>| async move {
            let mut store = Room::for_module(&guest.engine, &streams, &[], &budget, ());
            let mut records = Vec::new();
            let exit = match guest.call(&mut store, &request, &mut records).await {
                Ok(()) => ExitReason::Finished,
                Err(error) => ExitReason::of(&error, &budget),
            };
            (exit, records, budget.elapsed())
        };
        let (exit, records, duration) = self.engine.in_turn(&bounds, job).await?.unwrap_or((
            ExitReason::Timeout,
            Vec::new(),
            bounds.wall,
        ));
        Ok(Ended {
            records: parse_records(&records),
            exit,
            pipes,
            duration,
            limits,
        })
    }

    async fn call(
        &self,
        store: &mut Store<Room<()>>,
        request: &[u8],
        records: &mut Vec<u8>,
    ) -> wasmtime::Result<()> {
        let instance = self.module.instantiate_async(&mut *store).await?;
        instance
            .get_typed_func::<(), ()>(&mut *store, "_initialize")?
            .call_async(&mut *store, ())
            .await?;
        let size = u32::try_from(request.len())?;
        let at = call_for_place(&instance, store, "reserve", Some(size)).await?;
        let records_at = call_for_place(&instance, store, "records", None).await?;
        let size_at = call_for_place(&instance, store, "records_size", None).await?;
        let memory = instance
            .get_memory(&mut *store, "memory")
            .ok_or_else(|| wasmtime::Error::msg("the image has no memory"))?;
        memory.write(&mut *store, at, request)?;
        let run = instance.get_typed_func::<(), ()>(&mut *store, "run")?;
        let ended = run.call_async(&mut *store, ()).await;
        // The records are read however the call ended.
        let mut size = [0; 4];
        memory.read(&*store, size_at, &mut size)?;
        let size = u32::from_le_bytes(size).min(RECORDS_BYTES_MAX) as usize;
        let found = memory.data(&*store).get(records_at..records_at + size);
        records.extend_from_slice(found.unwrap_or_default());
        ended
    }
}

async fn call_for_place(
    instance: &Instance,
    store: &mut Store<Room<()>>,
    name: &str,
    size: Option<u32>,
) -> wasmtime::Result<usize> {
    let place = if let Some(size) = size {
        let call = instance.get_typed_func::<u32, u32>(&mut *store, name)?;
        call.call_async(&mut *store, size).await?
    } else {
        let call = instance.get_typed_func::<(), u32>(&mut *store, name)?;
        call.call_async(&mut *store, ()).await?
    };
    Ok(place as usize)
}

/// The parts of a request that are texts: length and bytes, each.
pub(in crate::wasm) fn push_texts(request: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
        request.extend_from_slice(&size.to_le_bytes());
        request.extend_from_slice(text.as_bytes());
    }
}

/// Stops at the first record that is not whole.
fn parse_records(bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some((head, after)) = rest.split_at_checked(9) {
        let number = |at: usize| {
            let bytes = head.get(at..at + 4).and_then(|part| part.try_into().ok());
            u32::from_le_bytes(bytes.unwrap_or_default())
        };
        let Some((text, after)) = after.split_at_checked(number(5) as usize) else {
            break;
        };
        records.push(Record {
            kind: head.first().copied().map_or('?', char::from),
            line: number(1),
            text: String::from_utf8_lossy(text).into_owned(),
        });
        rest = after;
    }
    records
}

impl Ended {
    /// The first record of a kind.
    pub(in crate::wasm) fn find(&self, kind: char) -> Option<&Record> {
        self.records.iter().find(|record| record.kind == kind)
    }

    /// The outcome: bounds first, then what was denied, then the error. Records: `M` no memory left, `W` waited longer than
    /// the limit, `D` denied, `E` an error nobody caught, `X` an exit code.
    pub(in crate::wasm) fn outcome(&self) -> RunOutcome {
        let error = self.find('E');
        let denied = self.find('D').filter(|_| error.is_some());
        let (status, reason) = match &self.exit {
            ExitReason::Timeout => (RunStatus::Timeout, Some(self.too_slow())),
            ExitReason::Memory => (RunStatus::Memory, Some(self.too_large())),
            _ if self.find('W').is_some() => (RunStatus::Timeout, Some(self.too_slow())),
            _ if self.find('M').is_some() => (RunStatus::Memory, Some(self.too_large())),
            _ if denied.is_some() => (RunStatus::Denied, denied.map(|found| found.text.clone())),
            ExitReason::Finished if error.is_none() => (RunStatus::Ok, None),
            ExitReason::Finished | ExitReason::Exit(_) | ExitReason::Trap(_) => {
                // What has no line in the program would be lost otherwise.
                let why = error.filter(|found| found.line == 0);
                (RunStatus::Error, why.map(|found| found.text.clone()))
            }
        };
        let mut stderr = self.pipes.stderr.text();
        if let ExitReason::Trap(why) = &self.exit {
            let _ = writeln!(stderr, "the interpreter stopped: {why}");
        }
        RunOutcome {
            status,
            tier: Some(Tier::Wasm),
            stdout: self.pipes.stdout.text(),
            stderr,
            is_cut: self.pipes.stdout.is_cut() || self.pipes.stderr.is_cut(),
            error: error
                .filter(|found| found.line > 0)
                .map(|found| ErrorPlace {
                    line: found.line,
                    message: found.text.clone(),
                }),
            figures: Vec::new(),
            duration: self.duration,
            reason,
        }
    }

    fn too_slow(&self) -> String {
        format!(
            "it was stopped after {} s, its limit; look for a loop that never ends, or for waiting that is too long",
            Bounds::from(self.limits).wall.as_secs_f64()
        )
    }

    fn too_large(&self) -> String {
        format!(
            "it wanted more than {} MiB of memory, its limit; keep less at the same time",
            Bounds::from(self.limits).memory_bytes / (1024 * 1024)
        )
    }
}

/// What is wrong with `found`, where `expected` should have been printed; `None` when they are the same but for white space at the
/// ends of lines and of the whole.
pub(in crate::wasm) fn difference(found: &str, expected: &str) -> Option<String> {
    let lines = |text: &str| -> Vec<String> {
        let text = text.trim_end();
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    let (found, expected) = (lines(found), lines(expected));
    let at = (0..found.len().max(expected.len())).find(|&at| found.get(at) != expected.get(at))?;
    let show = |line: Option<&String>| {
        line.map_or_else(
            || "nothing".to_owned(),
            |line| format!("`{}`", line.chars().take(200).collect::<String>()),
        )
    };
    Some(format!(
        "line {}: expected {}, got {}",
        at + 1,
        show(expected.get(at)),
        show(found.get(at))
    ))
}

/// What a guest's tests begin with: an engine of their own. Compiled images are shared.
#[cfg(test)]
pub(in crate::wasm) fn engine_for_tests() -> Arc<WasmEngine> {
    let cache = std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(
        || std::env::temp_dir().join("codegenie-sandbox-tests"),
        std::path::PathBuf::from,
    );
    WasmEngine::start(cache, 2).expect("the engine starts")
}

/// The guest, when its image was built; `None`, said aloud, when it was not.
#[cfg(test)]
pub(in crate::wasm) fn built<G>(guest: Result<G, ImageError>) -> Option<G> {
    match guest {
        Ok(guest) => Some(guest),
        Err(missing @ ImageError::Missing(_)) => {
            eprintln!("not tested: {missing}");
            None
        }
        Err(broken @ ImageError::Broken { .. }) => panic!("{broken}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, line: u32, text: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&line.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(text);
        bytes
    }

    #[test]
    fn records_are_read_until_one_is_torn() {
        let mut bytes = record(b'E', 3, b"bad");
        bytes.extend(record(b'C', 0, b""));
        let whole = parse_records(&bytes);
        assert_eq!(whole.len(), 2);
        assert_eq!(
            whole.first(),
            Some(&Record {
                kind: 'E',
                line: 3,
                text: "bad".to_owned()
            })
        );
        bytes.extend(record(b'E', 1, b"torn").iter().take(11));
        assert_eq!(parse_records(&bytes), whole);
        assert!(parse_records(&[]).is_empty());
    }

    #[test]
    fn white_space_at_ends_does_not_count() {
        assert_eq!(difference("a \nb\n\n", "a\nb"), None);
        assert_eq!(
            difference("a\nc", "a\nb").as_deref(),
            Some("line 2: expected `b`, got `c`")
        );
        assert_eq!(
            difference("a", "a\nb").as_deref(),
            Some("line 2: expected `b`, got nothing")
        );
        assert!(difference(" a", "a").is_some());
    }
}
