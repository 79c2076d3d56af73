//! A throw-away PostgreSQL cluster for tests: made in a temporary folder, reached through a Unix socket and a
//! free loopback port, stopped and deleted on drop. Tests that need it fail, never skip, where PostgreSQL is missing.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Where Debian and Ubuntu install the server programs, one folder per version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// The account of the operating system that Debian's package makes; `initdb` refuses to run as root.
const SERVER_USER: &str = "postgres";
/// Ports tried, since another process may take a free one before the server does.
const PORTS_TRIED: u32 = 5;

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
}

impl Cluster {
    /// Makes and starts a cluster; panics with what to do when PostgreSQL is not installed or does not start.
    pub fn start() -> Self {
        let programs = find_programs().unwrap_or_else(|| {
            panic!(
                "this test needs a PostgreSQL server and found none in {INSTALLED}/*/bin; \
                 install Debian's `postgresql` (apt-get install postgresql)"
            )
        });
        let folder = tempfile::Builder::new()
            .prefix("pg-")
            .tempdir()
            .expect("a temporary folder");
        if is_root() {
            run(Command::new("chown").arg(SERVER_USER).arg(folder.path()));
        }
        run(as_server_user(&programs.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--username", SERVER_USER, "--pgdata"])
            .arg(folder.path().join("cluster")));
        let port = start_server(&programs, folder.path());
        Self {
            folder,
            programs,
            port,
            databases: AtomicU32::new(0),
        }
    }

    /// Makes an empty database and returns its address.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        run(Command::new(self.programs.join("createdb"))
            .args(["--username", SERVER_USER, "--port", &self.port.to_string()])
            .arg("--host")
            .arg(self.folder.path())
            .arg(&name));
        format!(
            "postgres://{SERVER_USER}@localhost:{}/{name}?host={}",
            self.port,
            self.folder.path().display()
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nothing in the cluster is worth a clean shutdown. A failure must not hide the test's own panic.
        let _ = as_server_user(&self.programs.join("pg_ctl"))
            .args(["stop", "--wait", "--mode=immediate", "--pgdata"])
            .arg(self.folder.path().join("cluster"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Starts the server on a free port, which is returned once connections are accepted.
fn start_server(programs: &Path, folder: &Path) -> u16 {
    let log = folder.join("log");
    for _ in 0..PORTS_TRIED {
        let port = free_port();
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off \
             -c max_connections=60",
            folder.display()
        );
        let status = as_server_user(&programs.join("pg_ctl"))
            .args([
                "start",
                "--wait",
                "--silent",
                "--options",
                &options,
                "--log",
            ])
            .arg(&log)
            .arg("--pgdata")
            .arg(folder.join("cluster"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("pg_ctl runs");
        if status.success() {
            return port;
        }
    }
    let log = std::fs::read_to_string(log).unwrap_or_default();
    panic!("PostgreSQL did not start on any of {PORTS_TRIED} free ports:\n{log}");
}

/// The folder of the newest version's programs.
fn find_programs() -> Option<PathBuf> {
    let version = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        name.parse::<u32>().ok()
    };
    std::fs::read_dir(INSTALLED)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/initdb").is_file())
        .max_by_key(version)
        .map(|path| path.join("bin"))
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free loopback port")
        .port()
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn as_server_user(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={SERVER_USER}"))
            .arg(format!("--regid={SERVER_USER}"))
            .arg("--clear-groups")
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    // The server user may not be allowed to enter the folder the tests run in.
    command.current_dir("/");
    command
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
