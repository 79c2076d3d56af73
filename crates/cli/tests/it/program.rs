//! Starts the program in a home of its own, apart from the machine's settings and models.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Longest wait for a line or an answer; reaching it is a failure.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) const PASSWORD: &str = "Analytical engine 1843";

/// A home with nothing in it: no settings, no data, no models.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    runs_programs: bool,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("no-models")).unwrap();
        Self {
            folder,
            runs_programs: true,
        }
    }

    /// Likewise, but no program is run there, so that answers hold nothing that differs from time to time: how long tests took, and
    /// whether the sandbox was ready for them.
    pub(crate) fn without_sandbox() -> Self {
        Self {
            runs_programs: false,
            ..Self::new()
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the program keeps its data here.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join(".local/share/codegenie")
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codegenie"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path())
            .env("CODEGENIE_MODELS_DIR", self.path().join("no-models"))
            // Compiling the images takes seconds, so all tests share what was compiled once.
            .env("CODEGENIE_SANDBOX_CACHE", sandbox_cache())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !self.runs_programs {
            command.env("CODEGENIE_SANDBOX", "off");
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    /// Runs a command with this text on its standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Ran {
        finish(self.command(args).stdin(Stdio::piped()), input)
    }

    pub(crate) fn create_user(&self, role: &str, name: &str) -> Ran {
        let email = format!("{name}@example.org");
        let words = [
            "users",
            "create",
            "--role",
            role,
            "--email",
            &email,
            "--username",
            name,
            "--password-stdin",
            "--json",
        ];
        self.run_with(&words, &format!("{PASSWORD}\n"))
    }
}

/// Where the images of the sandbox are kept for all tests: where the environment says, else beside what was built.
fn sandbox_cache() -> PathBuf {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("../sandbox-cache");
    std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(beside, PathBuf::from)
}

/// Runs `command` to its end.
pub(crate) fn finish(command: &mut Command, input: &str) -> Ran {
    let mut child = command.spawn().unwrap();
    // A program that does not read its input closes it; that is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert_eq!(self.code, 1, "{self:?}");
        assert!(
            self.err
                .lines()
                .last()
                .unwrap_or_default()
                .starts_with("error: "),
            "{self:?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn refused_as_usage(self) -> Self {
        assert_eq!(self.code, 2, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
    pub(crate) address: String,
}

impl Server {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) fn start(home: &Home) -> Self {
        Self::start_with(home.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    pub(crate) fn start_with(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = lines_of(child.stdout.take().unwrap());
        let err = lines_of(child.stderr.take().unwrap());
        let mut server = Self {
            child,
            out,
            err,
            address: String::new(),
        };
        let line = server.wait_for_out("listening on http://");
        line.trim_start_matches("listening on http://")
            .clone_into(&mut server.address);
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    #[track_caller]
    pub(crate) fn wait_for_out(&self, start: &str) -> String {
        wait_for(&self.out, start)
    }

    #[track_caller]
    pub(crate) fn wait_for_err(&self, start: &str) -> String {
        wait_for(&self.err, start)
    }

    /// Sends the signal that service managers send.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end after [`Self::terminate`]: the exit code, `None` when a signal ended it.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(source: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

#[track_caller]
fn wait_for(lines: &Receiver<String>, start: &str) -> String {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.starts_with(start) => return line,
            Ok(line) => seen.push(line),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the program ended before `{start}`: {seen:#?}")
            }
            Err(RecvTimeoutError::Timeout) => panic!("no `{start}` within {PATIENCE:?}: {seen:#?}"),
        }
    }
}

/// A small HTTP client for one account.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn of(server: &Server) -> Self {
        // Clients are built with TLS even where none is spoken; a second installation is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .unwrap();
        Self {
            http,
            base: server.url(""),
            token: None,
        }
    }

    /// The same account at another server.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self {
            base: server.url(""),
            ..self.clone()
        }
    }

    /// A program that sends this token.
    pub(crate) fn with_token(server: &Server, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..Self::of(server)
        }
    }

    pub(crate) async fn signed_in(server: &Server, name: &str) -> Self {
        let client = Self::of(server);
        let body =
            serde_json::json!({"email": format!("{name}@example.org"), "password": PASSWORD});
        let (status, answer) = client.post("/api/v1/auth/login", &body).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        Self {
            token: Some(answer["access_token"].as_str().unwrap().to_owned()),
            ..client
        }
    }

    /// Status and JSON of an answer, or the failure of the connection.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> reqwest::Result<(u16, serde_json::Value)> {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body))
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<(u16, serde_json::Value)> {
        self.send(self.http.get(format!("{}{path}", self.base)))
            .await
    }

    async fn send(
        &self,
        mut request: reqwest::RequestBuilder,
    ) -> reqwest::Result<(u16, serde_json::Value)> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text)),
        ))
    }

    pub(crate) async fn register(&self, name: &str) -> reqwest::Result<(u16, serde_json::Value)> {
        let email = format!("{name}@example.org");
        let body = serde_json::json!({"email": email, "username": name, "password": PASSWORD, "role": "student"});
        self.post("/api/v1/auth/register", &body).await
    }
}

/// Everything a child process writes, for programs that are not servers.
pub(crate) fn read_all(mut source: impl std::io::Read) -> String {
    let mut text = String::new();
    source.read_to_string(&mut text).unwrap();
    text
}
