//! What one instance of a guest may use: time, memory, streams. The walls around it are WebAssembly's own: it has no call
//! that opens a file, a socket or a process, because none is given to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::sandbox::Limits;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::engine::WasmEngine;
use super::pipes::Pipe;

/// Longest time one job may take, whatever it asks for.
pub(crate) const WALL_MAX: Duration = Duration::from_mins(1);

/// Most memory one job may have beside its image, bytes; also the size of a slot of the pool.
pub(crate) const MEMORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Most bytes kept of one stream, whatever is asked for.
pub(crate) const OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// Most entries of a table of functions.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 64 * 1024;

/// How much a job may use: all of its instances together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Time by the clock on the wall.
    pub(crate) wall: Duration,
    /// Memory beyond what the images bring along, bytes.
    pub(crate) memory_bytes: u64,
    /// Bytes kept of each stream.
    pub(crate) output_bytes: usize,
}

impl From<Limits> for Bounds {
    fn from(limits: Limits) -> Self {
        Self {
            wall: limits.wall.min(WALL_MAX),
            memory_bytes: limits.memory_bytes.min(MEMORY_BYTES_MAX),
            output_bytes: limits.output_bytes.min(OUTPUT_BYTES_MAX),
        }
    }
}

/// What is left of a job's bounds; shared by its instances.
#[derive(Debug)]
pub(crate) struct Budget {
    started: Instant,
    end: Instant,
    memory_left: AtomicU64,
    memory_was_refused: AtomicBool,
}

impl Budget {
    pub(crate) fn start(bounds: &Bounds) -> Arc<Self> {
        let started = Instant::now();
        Arc::new(Self {
            started,
            end: started + bounds.wall,
            memory_left: AtomicU64::new(bounds.memory_bytes),
            memory_was_refused: AtomicBool::new(false),
        })
    }

    /// When its time is up.
    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    /// Time since it was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn is_time_up(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Whether some instance asked for more memory than was left.
    pub(crate) fn memory_was_refused(&self) -> bool {
        self.memory_was_refused.load(Ordering::Relaxed)
    }

    fn take_memory(&self, bytes: u64) -> bool {
        let is_taken = self
            .memory_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .is_ok();
        if !is_taken {
            self.memory_was_refused.store(true, Ordering::Relaxed);
        }
        is_taken
    }
}

/// How a call into an instance ended, when it did not return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// By itself: a command that returned, or that exited with 0.
    Finished,
    /// With this exit code, not 0.
    Exit(i32),
    /// Its time was up.
    Timeout,
    /// It wanted more memory than was left, and broke down.
    Memory,
    /// It did what WebAssembly does not allow; the sentence says what.
    Trap(String),
}

impl ExitReason {
    /// Why a call failed with `error`. Bounds come first: what broke down for lack of memory ends as `Memory`.
    pub(crate) fn of(error: &wasmtime::Error, budget: &Budget) -> Self {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return match exit.0 {
                0 => Self::Finished,
                code => Self::Exit(code),
            };
        }
        if budget.is_time_up() {
            Self::Timeout
        } else if budget.memory_was_refused() {
            Self::Memory
        } else {
            Self::Trap(error.root_cause().to_string())
        }
    }
}

/// The three streams of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Pipes {
    /// What it reads.
    pub(crate) stdin: Vec<u8>,
    /// What it prints.
    pub(crate) stdout: Pipe,
    /// What it prints as errors.
    pub(crate) stderr: Pipe,
}

impl Pipes {
    /// Streams that keep `bounds.output_bytes` each.
    pub(crate) fn new(stdin: impl Into<Vec<u8>>, bounds: &Bounds) -> Self {
        Self {
            stdin: stdin.into(),
            stdout: Pipe::new(bounds.output_bytes),
            stderr: Pipe::new(bounds.output_bytes),
        }
    }

    fn wasi(&self, args: &[&str]) -> WasiCtxBuilder {
        let mut wasi = WasiCtxBuilder::new();
        wasi.args(args)
            .stdin(MemoryInputPipe::new(self.stdin.clone()))
            .stdout(self.stdout.clone())
            .stderr(self.stderr.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        wasi
    }
}

/// What a store of a job holds beside the instance; `X` is the guest's own.
pub(crate) struct Room<X> {
    wasi: Wasi,
    limiter: Limiter,
    /// The job's budget.
    pub(crate) budget: Arc<Budget>,
    /// What the guest's host functions need.
    pub(crate) own: X,
}

enum Wasi {
    Module(Box<WasiP1Ctx>),
    Component(Box<(WasiCtx, ResourceTable)>),
}

impl<X: Send + 'static> Room<X> {
    /// A store for a core module with WASI preview 1; link it with
    /// `wasmtime_wasi::p1::add_to_linker_async(&mut linker, Room::preview1)`.
    pub(crate) fn for_module(
        engine: &WasmEngine,
        pipes: &Pipes,
        args: &[&str],
        budget: &Arc<Budget>,
        own: X,
    ) -> Store<Self> {
        let wasi = Wasi::Module(Box::new(pipes.wasi(args).build_p1()));
        Self::store(engine, wasi, budget, own)
    }

    /// A store for a component with WASI preview 2; link it with `wasmtime_wasi::p2::add_to_linker_async`.
    pub(crate) fn for_component(
        engine: &WasmEngine,
        pipes: &Pipes,
        args: &[&str],
        budget: &Arc<Budget>,
        own: X,
    ) -> Store<Self> {
        let context = (pipes.wasi(args).build(), ResourceTable::new());
        Self::store(engine, Wasi::Component(Box::new(context)), budget, own)
    }

    fn store(engine: &WasmEngine, wasi: Wasi, budget: &Arc<Budget>, own: X) -> Store<Self> {
        let room = Self {
            wasi,
            limiter: Limiter {
                budget: Arc::clone(budget),
            },
            budget: Arc::clone(budget),
            own,
        };
        let mut store = Store::new(engine.wasmtime(), room);
        store.limiter(|room| &mut room.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            Ok(if context.data().budget.is_time_up() {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Continue(1)
            })
        });
        store
    }

    /// The context of preview 1. For stores made by [`Room::for_module`] only.
    pub(crate) fn preview1(&mut self) -> &mut WasiP1Ctx {
        match &mut self.wasi {
            Wasi::Module(context) => context,
            Wasi::Component(_) => panic!("BUG: a component was linked as a module"),
        }
    }
}

impl<X: Send + 'static> WasiView for Room<X> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        match &mut self.wasi {
            Wasi::Component(context) => WasiCtxView {
                ctx: &mut context.0,
                table: &mut context.1,
            },
            Wasi::Module(_) => panic!("BUG: a module was linked as a component"),
        }
    }
}

struct Limiter {
    budget: Arc<Budget>,
}

impl ResourceLimiter for Limiter {
    /// Memory that an image begins with is free; what it grows by is not.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if current == 0 {
            return Ok(true);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.budget.take_memory((desired - current) as u64))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}
