//! `codegenie doctor`: looks at everything an answer needs, changes nothing, and says what to do where something is missing.

mod models;

use std::io::Write as _;
use std::process::ExitCode;

use anstyle::Style;
use anyhow::Context as _;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use domain::knowledge::{KnowledgeCounts, KnowledgeStore as _};
use domain::sandbox::{Tier, TierReport, TierState};
use serde_json::json;
use tower::ServiceExt as _;

use crate::args::DoctorArgs;
use crate::config::{Config, Database, Origin, SandboxMode, Setting};
use crate::folder;
use crate::terminal::{self, BOLD, DIM, WRONG, printable};
use crate::wire::{self, Proof, Wired};

/// Most bytes of the first page.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// What was found about one thing.
struct Finding {
    name: &'static str,
    /// What is there, or what is missing and what to do.
    text: String,
    state: State,
}

/// Whether a thing is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// It is not there, and everything needed works without it.
    Without,
    /// Everything needed works, but not as it is set.
    Warned,
    Missing,
}

impl State {
    /// As it is shown: how, and in a word.
    const fn shown(self) -> (Style, &'static str) {
        match self {
            Self::Ok => (BOLD, "ok"),
            Self::Without => (DIM, "without"),
            Self::Warned => (BOLD, "warning"),
            Self::Missing => (WRONG, "missing"),
        }
    }
}

impl Finding {
    fn ok(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, State::Ok, text)
    }

    fn without(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, State::Without, text)
    }

    fn warned(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, State::Warned, text)
    }

    fn missing(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, State::Missing, text)
    }

    fn new(name: &'static str, state: State, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
            state,
        }
    }

    fn of(name: &'static str, result: anyhow::Result<String>) -> Self {
        match result {
            Ok(text) => Self::ok(name, text),
            Err(error) => Self::missing(name, crate::sentence(&error)),
        }
    }
}

pub(super) async fn run(args: &DoctorArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let mut findings = vec![check_folder(config), check_key(config)];
    // Looking must not make the data folder, so without one the sandbox compiles its images into a folder that goes again.
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut config = config.clone();
    if !config.data_dir.value.exists() && config.sandbox_cache.origin == Origin::Default {
        config.sandbox_cache.value = scratch.path().to_owned();
    }
    let config = &config;
    let (database, wired) = check_database(config).await;
    findings.push(database);
    if let Some(wired) = wired {
        findings.extend([check_admin(&wired).await, check_library(&wired).await]);
        findings.extend(check_program(config, wired).await);
    } else {
        // What does not depend on the data is looked at with an empty database in memory.
        let value = Database::Url("sqlite::memory:".to_owned());
        let database = Setting {
            value,
            origin: Origin::Default,
        };
        let wired = wire::wire(
            &Config {
                database,
                ..config.clone()
            },
            Proof::Anew,
        )
        .await?;
        findings.extend(check_program(config, wired).await);
    }
    let all_ok = findings
        .iter()
        .all(|finding| finding.state != State::Missing);
    show(args, &findings)?;
    Ok(if all_ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show(args: &DoctorArgs, findings: &[Finding]) -> anyhow::Result<()> {
    if args.json {
        let rows = findings
            .iter()
            .map(|Finding { name, text, state }| {
                json!({"name": name, "state": state.shown().1, "ok": *state != State::Missing, "text": text})
            });
        return terminal::print_json(&rows.collect::<Vec<_>>());
    }
    let mut out = terminal::stdout();
    for Finding { name, text, state } in findings {
        let (style, word) = state.shown();
        writeln!(
            out,
            "{style}{word:<8}{style:#} {name:<16} {}",
            printable(text)
        )?;
    }
    Ok(())
}

fn check_folder(config: &Config) -> Finding {
    let path = &config.data_dir.value;
    let shown = path.display();
    let name = "data folder";
    match folder::is_open_to_others(path) {
        Ok(false) => Finding::ok(name, shown.to_string()),
        Ok(true) => Finding::missing(
            name,
            format!("{shown} is open to other users; run: chmod 700 '{shown}'"),
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::missing(
            name,
            format!("{shown} is not there yet; the first `codegenie serve` makes it"),
        ),
        Err(error) => Finding::missing(name, format!("cannot look at {shown}: {error}")),
    }
}

fn check_key(config: &Config) -> Finding {
    let path = folder::key_path(&config.data_dir.value);
    if !path.exists() {
        return Finding::ok(
            "token key",
            "none yet; the first `codegenie serve` makes one",
        );
    }
    let read = folder::read_key(&path)
        .map(|key| format!("{} bytes, readable by its owner alone", key.len()));
    Finding::of("token key", read)
}

/// The database and, when it can be used, the services over it.
async fn check_database(config: &Config) -> (Finding, Option<Wired>) {
    if let Database::File(path) = &config.database.value
        && !path.exists()
    {
        let text = format!(
            "{} is not there yet; the first `codegenie serve` makes it",
            path.display()
        );
        return (Finding::missing("database", text), None);
    }
    let wired = match wire::wire(config, Proof::Anew).await {
        Ok(wired) => wired,
        Err(error) => return (Finding::of("database", Err(error)), None),
    };
    let place = config.database.value.redacted();
    let checked = wired.store.check_integrity().await;
    let checked =
        checked.context("the database cannot be used; if it is damaged, restore a backup");
    let finding = Finding::of(
        "database",
        checked.map(|()| format!("{} at {place}, whole", wired.store.backend())),
    );
    (finding, Some(wired))
}

async fn check_admin(wired: &Wired) -> Finding {
    let name = "administrator";
    match wired.accounts.has_admin().await {
        Ok(true) => Finding::ok(name, "there is one"),
        Ok(false) => Finding::missing(
            name,
            "there is none; create one with: codegenie users create --admin --email E --username U",
        ),
        Err(error) => Finding::missing(name, error.to_string()),
    }
}

async fn check_library(wired: &Wired) -> Finding {
    let name = "library";
    match wired.store.count_items(wired.embedder.encoder()).await {
        Ok(known) if known.tasks == 0 => Finding::missing(
            name,
            "nothing is indexed yet; `codegenie serve` and `codegenie ask` do it",
        ),
        Ok(known) => {
            let KnowledgeCounts {
                tasks,
                concepts,
                unembedded,
            } = known;
            Finding::ok(
                name,
                format!("{tasks} tasks and {concepts} concepts, {unembedded} without vectors"),
            )
        }
        Err(error) => Finding::missing(name, error.to_string()),
    }
}

/// What belongs to the program and not to its data: the embedding model, the sandbox and the web app.
async fn check_program(config: &Config, wired: Wired) -> Vec<Finding> {
    let name = "embedding model";
    let model = match wired.embedder.embed(&["doctor".to_owned()]).await {
        Ok(_) => Finding::ok(
            name,
            format!("{}, its engine answers", wired.embedder.encoder()),
        ),
        Err(reason) => Finding::missing(name, format!("search goes by words alone: {reason}")),
    };
    let language_models = models::check(config).await;
    let sandbox = check_sandbox(config, &wired).await;
    let store = wired.store.clone();
    let web = check_web(config, &wired)
        .await
        .unwrap_or_else(|error| Finding::of("web app", Err(error)));
    store.close().await;
    let models = std::iter::once(model).chain(language_models);
    models.chain(sandbox).chain([web]).collect()
}

/// A row for each tier of the sandbox, once its walls were tested.
async fn check_sandbox(config: &Config, wired: &Wired) -> Vec<Finding> {
    if config.sandbox.value == SandboxMode::Off {
        let text = format!("turned off ({}); no program is run", config.sandbox.origin);
        return vec![Finding::without("sandbox", text)];
    }
    let tiers = wired.sandbox.report(true).await.tiers;
    if tiers.is_empty() {
        return vec![Finding::missing(
            "sandbox",
            "this program was built without one; no program is run",
        )];
    }
    tiers.iter().map(check_tier).collect()
}

fn check_tier(report: &TierReport) -> Finding {
    let name = match report.tier {
        Tier::Wasm => "sandbox, WASM",
        Tier::Native => "sandbox, native",
    };
    match &report.state {
        TierState::Ready => Finding::ok(name, describe_tier(report)),
        TierState::Preparing => Finding::missing(name, "it did not get ready"),
        // Ordinary programs do without the walls of the kernel; only libraries of machine code need them.
        TierState::Unavailable(reason) if report.tier == Tier::Native => Finding::without(
            name,
            format!("programs that need numpy and the like are not run: {reason}"),
        ),
        TierState::Unavailable(reason) => Finding::missing(name, reason.clone()),
    }
}

/// What a tier runs, its walls, and how many attacks it stopped.
fn describe_tier(report: &TierReport) -> String {
    let walls = |holds: bool| {
        let walls = report
            .layers
            .iter()
            .filter(move |layer| layer.holds == holds);
        walls.map(|layer| layer.name).collect::<Vec<_>>().join(", ")
    };
    let stopped = report.attacks.iter().filter(|attack| attack.is_stopped);
    let mut text = format!(
        "runs {}; walls: {}; attacks {}/{} stopped",
        super::sandbox::titles(&report.languages),
        walls(true),
        stopped.count(),
        report.attacks.len()
    );
    let absent = walls(false);
    if !absent.is_empty() {
        text.push_str("; not on this machine, and not needed: ");
        text.push_str(&absent);
    }
    text
}

/// Asks for the first page as a browser would.
async fn check_web(config: &Config, wired: &Wired) -> anyhow::Result<Finding> {
    let name = "web app";
    let key = {
        let mut bytes = [0; 64];
        wired.entropy.fill(&mut bytes);
        bytes
    };
    let request = Request::get("/")
        .header(header::ACCEPT, "text/html")
        .body(Body::empty())?;
    let response = api::router(wire::api_state(config, wired, &key)?)
        .oneshot(request)
        .await?;
    let status = response.status();
    let page = to_bytes(response.into_body(), PAGE_BYTES_MAX).await?;
    let is_placeholder = String::from_utf8_lossy(&page).contains("CodeGenie placeholder");
    Ok(if status.is_success() && !is_placeholder {
        Finding::ok(name, "built in")
    } else {
        Finding::missing(
            name,
            "this program was built without it; run `make web` in the source folder and build again",
        )
    })
}
