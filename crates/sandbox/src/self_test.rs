//! Tries a tier with hostile programs before it is used. What counts is what the host sees, not what a program says, wherever the
//! host can see it.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use domain::language::Language;
use domain::sandbox::{AttackResult, Limits, Program, RunOutcome, RunStatus, Tests, Tier};

use crate::attacks::{self, Attack, REACHED, Stop};
use crate::local::SandboxConfig;
use crate::native::NativeTier;
use crate::tier::TierRunner;
use crate::wasm::WasmTier;

/// Time for a program that would go on for ever and needs none to do its harm.
const WALL_OF_ENDLESS: Duration = Duration::from_millis(100);
/// Time for one that is stopped by another bound than time, when it gets to it.
const WALL_OF_GREEDY: Duration = Duration::from_millis(250);
/// What a process takes to start on a busy machine, which counts as the program's time.
const START_OF_PROCESS: Duration = Duration::from_millis(150);
/// Time for one that ends by itself.
const WALL: Duration = Duration::from_secs(3);
/// How much longer than its time a run may take, for starting and clearing away on a busy machine.
const SLACK: Duration = Duration::from_secs(15);
/// Output kept of an attack, bytes.
const OUTPUT_BYTES: usize = 16 * 1024;
/// Memory of an attack: little, so that taking all of it is quick.
const MEMORY_BYTES: u64 = 96 << 20;
/// A value of the environment must be this long to be told from chance, bytes.
const TELLING_BYTES_MIN: usize = 8;
/// Values that a program may have of its own.
const COMMON_VALUES: [&str; 2] = ["C.UTF-8", "/nonexistent"];
/// The harmless program among them.
pub(crate) const CONTROL: &str = "nothing, to see that programs run";

/// Runs the hostile programs in `runner`, at most `parallel_max` and one that waits at once, and says what came of each.
pub(crate) async fn prove(
    tier: Tier,
    runner: &dyn TierRunner,
    parallel_max: usize,
) -> Vec<AttackResult> {
    let scene = match Scene::new() {
        Ok(scene) => scene,
        Err(error) => {
            return vec![AttackResult {
                name: "reach the server's files",
                is_stopped: false,
                detail: format!("no files and sockets could be made to be attacked: {error}"),
            }];
        }
    };
    let languages = runner.languages();
    let mut running: Vec<Pin<Box<dyn Future<Output = AttackResult> + Send + '_>>> =
        vec![Box::pin(control(runner, &languages))];
    let chosen = attacks::all()
        .filter(|attack| attack.tiers.contains(&tier) && languages.contains(&attack.language));
    for attack in chosen {
        running.push(Box::pin(tried(tier, attack, runner, &scene)));
    }
    let mut results = all_of(running, parallel_max + 1).await;
    if let Some(harm) = scene.harm() {
        results.push(AttackResult {
            name: "leave a trace",
            is_stopped: false,
            detail: harm,
        });
    }
    results
}

/// What came of running the hostile programs again and again.
#[derive(Debug)]
pub struct Siege {
    /// How many were run.
    pub runs: usize,
    /// Those that were not stopped.
    pub holes: Vec<AttackResult>,
}

/// Runs the hostile programs against the `tier` of `config` until at least `runs` were run. For measuring what they leave behind.
pub async fn besiege(tier: Tier, config: SandboxConfig, runs: usize) -> Result<Siege, String> {
    let parallel_max = config.parallel_max;
    let runner: Box<dyn TierRunner> = match (tier, config.launcher) {
        (Tier::Wasm, _) => Box::new(WasmTier::start(config.cache_dir, config.parallel_max).await?),
        (Tier::Native, Some(launcher)) => {
            let native = NativeTier::new(launcher, config.python).await;
            if let Some(why) = native.missing() {
                return Err(why.to_owned());
            }
            Box::new(native)
        }
        (Tier::Native, None) => return Err("the native tier needs a launcher".to_owned()),
    };
    let mut siege = Siege {
        runs: 0,
        holes: Vec::new(),
    };
    while siege.runs < runs {
        let results = prove(tier, runner.as_ref(), parallel_max).await;
        siege.runs += results.len();
        siege
            .holes
            .extend(results.into_iter().filter(|result| !result.is_stopped));
    }
    Ok(siege)
}

/// Waits for all, `at_once` of them at a time, in order; so are the results.
async fn all_of<T>(
    mut running: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>,
    at_once: usize,
) -> Vec<T> {
    let mut done: Vec<Option<T>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut begun = 0;
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_some() {
                continue;
            }
            if begun == at_once {
                break;
            }
            match future.as_mut().poll(context) {
                Poll::Ready(result) => *done = Some(result),
                Poll::Pending => begun += 1,
            }
        }
        if begun == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// A harmless program: a tier in which nothing runs stops everything, and proves nothing.
async fn control(runner: &dyn TierRunner, languages: &[Language]) -> AttackResult {
    let program = |language| match language {
        Language::Python => Some("print(6 * 7)"),
        Language::JavaScript => Some("console.log(6 * 7)"),
        Language::Sql => Some("SELECT 6 * 7"),
        Language::TypeScript
        | Language::Cpp
        | Language::C
        | Language::Rust
        | Language::Java
        | Language::Go => None,
    };
    let mut detail = "it runs".to_owned();
    for &language in languages {
        if let Some(code) = program(language) {
            let outcome = runner.run(&Program::new(language, code)).await;
            if outcome.status != RunStatus::Ok || !outcome.stdout.contains("42") {
                detail = format!("{}: {}", language.name(), describe(&outcome));
            }
        }
    }
    AttackResult {
        name: CONTROL,
        is_stopped: detail == "it runs",
        detail,
    }
}

/// How long `attack` may take in `tier`.
fn wall_of(attack: &Attack, tier: Tier) -> Duration {
    let wall = match attack.stop {
        Stop::TimesOut | Stop::IsCut => WALL_OF_ENDLESS,
        Stop::Fails => WALL_OF_GREEDY,
        Stop::IsNotBelieved(_) if attack.name.ends_with("never answer") => WALL_OF_GREEDY,
        Stop::Silent | Stop::Prints(_) | Stop::Bare | Stop::IsNotBelieved(_) => WALL,
    };
    match tier {
        Tier::Wasm => wall,
        Tier::Native => wall + START_OF_PROCESS,
    }
}

async fn tried(tier: Tier, attack: Attack, runner: &dyn TierRunner, scene: &Scene) -> AttackResult {
    let program = Program {
        language: attack.language,
        code: scene.placed(attack.code),
        stdin: String::new(),
        limits: Limits {
            wall: wall_of(&attack, tier),
            memory_bytes: MEMORY_BYTES,
            output_bytes: OUTPUT_BYTES,
        },
    };
    let (outcome, judged) = match attack.stop {
        Stop::IsNotBelieved(tests) => {
            let tests = Tests::Asserts(tests.to_owned());
            let mut judged = runner.judge(&program, &tests).await;
            let outcome = std::mem::replace(&mut judged.run, RunOutcome::unavailable(""));
            (outcome, Some(judged))
        }
        Stop::Silent
        | Stop::Prints(_)
        | Stop::Fails
        | Stop::TimesOut
        | Stop::IsCut
        | Stop::Bare => (runner.run(&program).await, None),
    };
    let failed_test = judged
        .iter()
        .flat_map(|judged| &judged.tests)
        .find_map(|test| test.failure.clone());
    let is_believed = outcome.status == RunStatus::Ok
        && failed_test.is_none()
        && judged.is_some_and(|judged| judged.is_complete && !judged.tests.is_empty());
    let hole = if is_believed {
        Some("it was judged to be right".to_owned())
    } else {
        find_hole(attack.stop, &program.limits, &outcome, scene)
    };
    AttackResult {
        name: attack.name,
        is_stopped: hole.is_none(),
        detail: match (hole, failed_test) {
            (Some(hole), _) => format!("{hole}; {}", describe(&outcome)),
            (None, Some(why)) => format!("judged to be wrong: {}", short(&why)),
            (None, None) if outcome.status == RunStatus::Ok => {
                "ended by itself and had reached nothing".to_owned()
            }
            (None, None) => describe(&outcome),
        },
    }
}

/// What went through; `None` when nothing did.
fn find_hole(stop: Stop, limits: &Limits, outcome: &RunOutcome, scene: &Scene) -> Option<String> {
    let printed = [&outcome.stdout, &outcome.stderr];
    let status = outcome.status;
    if status == RunStatus::Unavailable {
        return Some("it was not run, so nothing is known".to_owned());
    }
    if printed.iter().any(|text| text.contains(&scene.secret)) {
        return Some("it has the secret".to_owned());
    }
    if outcome.stdout.contains(REACHED) {
        return Some("it says that it got through".to_owned());
    }
    if outcome.duration > limits.wall + SLACK {
        return Some("it went on after its time".to_owned());
    }
    if printed
        .iter()
        .any(|text| text.len() > 4 * limits.output_bytes)
    {
        return Some("more output was kept than is allowed".to_owned());
    }
    let holds = match stop {
        Stop::Silent | Stop::IsNotBelieved(_) => true,
        Stop::Prints(expected) => {
            outcome.stdout == expected
                || (status == RunStatus::Timeout && outcome.stdout.is_empty())
        }
        Stop::Fails => status != RunStatus::Ok,
        Stop::TimesOut => status == RunStatus::Timeout,
        // On a busy machine its time may be up before it has printed that much.
        Stop::IsCut => status == RunStatus::Timeout || (status != RunStatus::Ok && outcome.is_cut),
        Stop::Bare => scene
            .environment
            .iter()
            .all(|value| !outcome.stdout.contains(value.as_str())),
    };
    (!holds).then(|| format!("it printed {:.200?}", outcome.stdout))
}

fn describe(outcome: &RunOutcome) -> String {
    let why = match (&outcome.error, &outcome.reason) {
        (Some(error), _) => error.message.as_str(),
        (None, Some(reason)) => reason.as_str(),
        (None, None) => "",
    };
    let parted = if why.is_empty() { "" } else { ": " };
    format!("{}{parted}{}", outcome.status.name(), short(why))
}

fn short(why: &str) -> String {
    why.chars().take(160).collect()
}

/// What there is to attack.
struct Scene {
    folder: tempfile::TempDir,
    canary: PathBuf,
    secret: String,
    tcp: TcpListener,
    udp: UdpSocket,
    #[cfg(unix)]
    local: std::os::unix::net::UnixListener,
    environment: Vec<String>,
    places: BTreeMap<&'static str, String>,
}

impl Scene {
    fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("canary").tempdir()?;
        // Random, and known to nobody else: the name of a folder that was just made.
        let random = |prefix: &str| -> io::Result<String> {
            let name = tempfile::Builder::new()
                .prefix(prefix)
                .rand_bytes(16)
                .tempfile()?;
            Ok(name
                .path()
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned())
        };
        let secret = random("secret")?;
        let canary = folder.path().join("canary");
        fs::write(&canary, &secret)?;
        // Open to every account, so that only the sandbox is in the way.
        open_to_all(folder.path(), 0o777)?;
        open_to_all(&canary, 0o666)?;
        let tcp = TcpListener::bind("127.0.0.1:0")?;
        tcp.set_nonblocking(true)?;
        let udp = UdpSocket::bind("127.0.0.1:0")?;
        udp.set_nonblocking(true)?;
        let mut places = BTreeMap::from([
            ("@CANARY@", canary.to_string_lossy().into_owned()),
            ("@FOLDER@", folder.path().to_string_lossy().into_owned()),
            ("@PORT@", tcp.local_addr()?.port().to_string()),
            ("@UDP@", udp.local_addr()?.port().to_string()),
            ("@PID@", std::process::id().to_string()),
        ]);
        places.insert("@ABSTRACT@", random("abstract")?);
        #[cfg(unix)]
        let local = std::os::unix::net::UnixListener::bind(folder.path().join("socket"))?;
        #[cfg(unix)]
        {
            open_to_all(&folder.path().join("socket"), 0o777)?;
            local.set_nonblocking(true)?;
        }
        let environment = std::env::vars()
            .map(|(_, value)| value)
            .filter(|value| {
                value.len() >= TELLING_BYTES_MIN && !COMMON_VALUES.contains(&value.as_str())
            })
            .collect();
        Ok(Self {
            folder,
            canary,
            secret,
            tcp,
            udp,
            #[cfg(unix)]
            local,
            environment,
            places,
        })
    }

    /// `code` with the names of what there is to attack.
    fn placed(&self, code: &str) -> String {
        let mut placed = code.to_owned();
        for (word, place) in &self.places {
            placed = placed.replace(word, place);
        }
        placed
    }

    /// What an attack has done to it; `None` when all is as it was.
    fn harm(&self) -> Option<String> {
        if fs::read_to_string(&self.canary).ok().as_ref() != Some(&self.secret) {
            return Some("a file of the server was changed".to_owned());
        }
        let names: Vec<_> = fs::read_dir(self.folder.path())
            .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
            .unwrap_or_default();
        if let Some(new) = names
            .iter()
            .find(|name| *name != "canary" && *name != "socket")
        {
            return Some(format!(
                "{} was written to a folder of the server",
                new.to_string_lossy()
            ));
        }
        if self.tcp.accept().is_ok() {
            return Some("a TCP connection reached the server".to_owned());
        }
        if self.udp.recv(&mut [0]).is_ok() {
            return Some("a UDP packet reached the server".to_owned());
        }
        #[cfg(unix)]
        if self.local.accept().is_ok() {
            return Some("a connection reached a socket of the server".to_owned());
        }
        None
    }
}

#[cfg(unix)]
fn open_to_all(path: &std::path::Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn open_to_all(_path: &std::path::Path, _mode: u32) -> io::Result<()> {
    Ok(())
}
