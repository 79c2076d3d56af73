//! The engine all guests share: its configuration, its ticks, and the turns in which jobs run on threads of their own.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore};
use wasmtime::component::Component;
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, Module,
    PoolingAllocationConfig,
};

use super::image::{ImageCache, ImageError};
use super::room::{Bounds, Budget, MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};

/// Time between two looks at whether a guest's time is up.
const TICK: Duration = Duration::from_millis(5);

/// Most jobs that wait for a turn.
const WAITING_MAX: usize = 64;

/// Most instances one job has at the same time: the program's and the tests'.
const INSTANCES_PER_JOB_MAX: u32 = 2;

/// Most core instances, tables and memories that a component is made of.
const CORE_INSTANCES_MAX: u32 = 120;
const TABLES_MAX: u32 = 8;
const MEMORIES_MAX: u32 = 2;

/// Stack of a guest, bytes. `CPython`'s own limit on recursion must be reached before this one.
const WASM_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Stack of a fibre, bytes: the guest's and the host functions' above it.
const FIBRE_STACK_BYTES: usize = WASM_STACK_BYTES + 1024 * 1024;

/// Too many jobs are waiting; try again later.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the sandbox is busy: {WAITING_MAX} programs are waiting already; try again in a moment")]
pub(crate) struct Busy;

/// The engine.
pub(crate) struct WasmEngine {
    engine: Engine,
    images: ImageCache,
    /// Images are compiled one after the other: each takes every core.
    compiling: Mutex<()>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    running: Arc<AtomicUsize>,
    ticker: Thread,
}

impl WasmEngine {
    /// An engine that runs at most `parallel_max` jobs at once and keeps compiled images in `cache_dir`.
    ///
    /// # Errors
    /// When this machine cannot run WebAssembly, or has no room for the pool: a sentence that says so.
    pub(crate) fn start(cache_dir: PathBuf, parallel_max: usize) -> Result<Arc<Self>, String> {
        let parallel = u32::try_from(parallel_max.clamp(1, 64)).unwrap_or(1);
        let engine = Engine::new(&configuration(parallel))
            .map_err(|error| format!("the WebAssembly engine cannot start here: {error:#}"))?;
        let running = Arc::new(AtomicUsize::new(0));
        let ticker = start_ticker(engine.weak(), Arc::clone(&running))?;
        Ok(Arc::new(Self {
            engine,
            images: ImageCache::new(cache_dir),
            compiling: Mutex::new(()),
            turns: Arc::new(Semaphore::new(parallel as usize)),
            waiting: AtomicUsize::new(0),
            running,
            ticker,
        }))
    }

    /// The engine underneath, for linkers and stores.
    pub(crate) fn wasmtime(&self) -> &Engine {
        &self.engine
    }

    /// The core module `image` (`sql` for `guests/built/sql.wasm.gz`), compiled once per machine and then loaded from the cache.
    pub(crate) async fn module(&self, image: &'static str) -> Result<Module, ImageError> {
        let (engine, images) = (self.engine.clone(), self.images.clone());
        let _alone = self.compiling.lock().await;
        blocking(move || images.load::<Module>(&engine, image)).await
    }

    /// The component `image`, likewise.
    pub(crate) async fn component(&self, image: &'static str) -> Result<Component, ImageError> {
        let (engine, images) = (self.engine.clone(), self.images.clone());
        let _alone = self.compiling.lock().await;
        blocking(move || images.load::<Component>(&engine, image)).await
    }

    /// Waits for a turn and runs `job` on a thread of its own, with a budget that starts then. `None`: its time was up while it
    /// waited for something, such as a sleep; what it wrote to its pipes is still there.
    ///
    /// # Errors
    /// [`Busy`] when too many jobs wait already.
    pub(crate) async fn in_turn<T, J, F>(&self, bounds: &Bounds, job: J) -> Result<Option<T>, Busy>
    where
        J: FnOnce(Arc<Budget>) -> F + Send + 'static,
        F: Future<Output = T>,
        T: Send + 'static,
    {
        let waiting = Counted::enter(&self.waiting);
        if waiting.others >= WAITING_MAX + self.turns.available_permits() {
            return Err(Busy);
        }
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .expect("BUG: the turns are never closed");
        drop(waiting);
        let running = Arc::clone(&self.running);
        let ticker = self.ticker.clone();
        let bounds = *bounds;
        let handle = Handle::current();
        Ok(blocking(move || {
            let _turn = turn;
            let _running = Counted::enter(&running);
            ticker.unpark();
            let budget = Budget::start(&bounds);
            let end = tokio::time::Instant::from_std(budget.end());
            handle.block_on(async move { tokio::time::timeout_at(end, job(budget)).await.ok() })
        })
        .await)
    }
}

/// Runs `work` on a thread for blocking work and waits for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Counts somebody while it lives.
struct Counted<'a> {
    counter: &'a AtomicUsize,
    others: usize,
}

impl<'a> Counted<'a> {
    fn enter(counter: &'a AtomicUsize) -> Self {
        let others = counter.fetch_add(1, Ordering::SeqCst);
        Self { counter, others }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Advances the epoch while jobs run, and ends with the engine.
fn start_ticker(engine: EngineWeak, running: Arc<AtomicUsize>) -> Result<Thread, String> {
    /// How long it sleeps at most while nothing runs, so that it notices the engine's end.
    const IDLE: Duration = Duration::from_secs(30);
    std::thread::Builder::new()
        .name("sandbox-ticker".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                let is_idle = running.load(Ordering::SeqCst) == 0;
                // A job that begins wakes it; a tick too many does no harm.
                std::thread::park_timeout(if is_idle { IDLE } else { TICK });
            }
        })
        .map(|ticker| ticker.thread().clone())
        .map_err(|error| format!("no thread can be started for the sandbox's clock: {error}"))
}

fn configuration(parallel: u32) -> Config {
    let jobs = parallel * INSTANCES_PER_JOB_MAX;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(jobs)
        .total_core_instances(jobs * CORE_INSTANCES_MAX)
        .total_memories(jobs * MEMORIES_MAX)
        .total_tables(jobs * TABLES_MAX)
        .total_stacks(jobs * 2)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_component_instance_size(4 * 1024 * 1024)
        .max_core_instance_size(4 * 1024 * 1024)
        .max_tables_per_module(TABLES_MAX)
        .max_memories_per_module(1)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(usize::try_from(MEMORY_BYTES_MAX).unwrap_or(usize::MAX))
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_init_cow(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBRE_STACK_BYTES)
        .parallel_compilation(true)
        .wasm_component_model(true);
    config
}
