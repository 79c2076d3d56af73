//! The product as processes: its commands, and a server that is started, asked until it is ready, and ended.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::Bench;
use super::pause::pause;

pub(crate) const EMAIL: &str = "bench@example.org";
/// Of an account that exists for minutes on this machine alone.
pub(crate) const PASSWORD: &str = "correct horse battery staple 7";

const READY_MAX: Duration = Duration::from_mins(1);
const STOP_MAX: Duration = Duration::from_secs(20);
/// Pause between two attempts to reach the server.
const POLL_PAUSE: Duration = Duration::from_micros(200);

/// A server under way; ended when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server on `folder` and waits until it is ready; gives the time that took, from before the process existed.
    pub(crate) fn start(
        bench: &Bench,
        folder: &Path,
        models: &Path,
    ) -> anyhow::Result<(Self, Duration)> {
        // Let go again at once; between that and the server's use of it nobody else asks for a free port.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = product(bench, folder, models);
        command.args(["serve", "--listen", &address.to_string()]);
        let log = log_of(folder);
        command
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?);
        let began = Instant::now();
        let child = command.spawn().context("cannot start the server")?;
        let mut server = Self { child, address };
        while !is_ready(address) {
            if let Some(status) = server.child.try_wait()? {
                anyhow::bail!("the server ended with {status}: {}", tail(&log));
            }
            anyhow::ensure!(
                began.elapsed() < READY_MAX,
                "the server was not ready in a minute: {}",
                tail(&log)
            );
            pause(POLL_PAUSE);
        }
        Ok((server, began.elapsed()))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server as an administrator would.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        anyhow::ensure!(asked.success(), "cannot ask the server to end");
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(
                began.elapsed() < STOP_MAX,
                "the server did not end when asked to"
            );
            pause(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Creates the account that the benchmarks use.
pub(crate) fn create_admin(bench: &Bench, folder: &Path) -> anyhow::Result<()> {
    let mut command = product(bench, folder, &bench.no_models);
    command.args([
        "users",
        "create",
        "--admin",
        "--email",
        EMAIL,
        "--username",
        "bench",
        "--password-stdin",
    ]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .context("cannot run `codegenie users create`")?;
    let mut input = child.stdin.take().context("the command takes no input")?;
    writeln!(input, "{PASSWORD}")?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure_success(output.status, "codegenie users create", &output.stderr)
}

/// Runs a command of the product to its end; gives the time that took.
pub(crate) fn run_command(bench: &Bench, folder: &Path, args: &[&str]) -> anyhow::Result<Duration> {
    let mut command = product(bench, folder, &bench.models);
    command.args(args).stdin(Stdio::null());
    let began = Instant::now();
    let output = command
        .output()
        .with_context(|| format!("cannot run `codegenie {}`", args.join(" ")))?;
    let took = began.elapsed();
    ensure_success(
        output.status,
        &format!("codegenie {}", args.join(" ")),
        &output.stderr,
    )?;
    Ok(took)
}

fn ensure_success(status: ExitStatus, what: &str, stderr: &[u8]) -> anyhow::Result<()> {
    anyhow::ensure!(
        status.success(),
        "`{what}` ended with {status}: {}",
        String::from_utf8_lossy(stderr).trim()
    );
    Ok(())
}

/// The product with settings of its own: none of this shell's, and no `.env` of the folder it is started in.
fn product(bench: &Bench, folder: &Path, models: &Path) -> Command {
    let mut command = Command::new(&bench.binary);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CODEGENIE_") || text == "DATABASE_URL" {
            command.env_remove(&name);
        }
    }
    command
        .current_dir(&bench.work)
        .env("CODEGENIE_MODELS_DIR", models)
        .env("CODEGENIE_DATA_DIR", folder);
    command
}

fn log_of(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

/// Whether the server answers 200 to `GET /health/ready`.
fn is_ready(address: SocketAddr) -> bool {
    let answer = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request =
            format!("GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut line = [0; 12];
        stream.read_exact(&mut line)?;
        Ok(&line == b"HTTP/1.1 200")
    };
    answer().unwrap_or(false)
}

/// The last lines of a log.
fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" / ")
}
