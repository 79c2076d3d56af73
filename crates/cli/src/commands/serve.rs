//! `codegenie serve`: the web app and the API, from the first listening line to the last request.
//!
//! Listening begins before anything is indexed; that goes on beside the requests.

use std::future::Future;
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::config::{Config, Origin};
use crate::terminal::{self, note};
use crate::wire::{self, Proof, Wired};
use crate::{folder, library};

/// How long requests under way may take to end once the server is told to stop.
const STOP_SECONDS: u64 = 10;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    folder::make(&config.data_dir.value)?;
    let wired = Arc::new(wire::wire(config, Proof::Anew).await?);
    let key = folder::find_or_make_key(&config.data_dir.value, wired.entropy.as_ref())?;
    let state = wire::api_state(config, &wired, &key)?;
    let listener = listen(config, &wired).await?;
    // From here on a signal ends the server in order; before, it ends the process.
    let stop = StopSignals::catch()?;
    announce(&listener, config, &wired).await?;

    wired.wake_sandbox().await;
    let preparing = tokio::spawn(prepare(wired.clone()));
    let app = api::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let (begin_stop, stopping) = oneshot::channel::<()>();
    // Without this an event waits up to 40 ms for the client to acknowledge the one before (Nagle's algorithm, RFC 896).
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::warn!(%error, "a connection sends small pieces late");
        }
    });
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        // The sender gone means the same as a message.
        let _ = stopping.await;
    });
    let served = serve_until(server.into_future(), begin_stop, stop).await;
    preparing.abort();
    wired.close().await;
    served
}

/// Listens where the settings say, but beyond this machine only once there is somebody in charge.
async fn listen(config: &Config, wired: &Wired) -> anyhow::Result<TcpListener> {
    let address = config.listen.value;
    if !address.ip().to_canonical().is_loopback() && !wired.accounts.has_admin().await? {
        bail!(
            "cannot listen on {address} yet: the server listens beyond this machine only once an administrator exists; \
             create one with `{}`, or start with --listen 127.0.0.1:{} and open the link it prints",
            create_admin_command(config),
            address.port()
        );
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds are told as they are"
    )]
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {address}: another program uses this port; stop it or choose another with --listen {}:PORT",
            address.ip()
        ),
        ErrorKind::PermissionDenied => anyhow::anyhow!(
            "cannot listen on {address}: this user may not use port {}; choose one from 1024 on",
            address.port()
        ),
        ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!("cannot listen on {address}: this machine has no such address")
        }
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
    };
    TcpListener::bind(address).await.map_err(failed)
}

/// Says where the server is and, until there is an administrator, how to make one. Programs wait for these lines.
async fn announce(listener: &TcpListener, config: &Config, wired: &Wired) -> anyhow::Result<()> {
    let address = listener
        .local_addr()
        .context("cannot tell the address that is listened on")?;
    let token = wired.accounts.issue_setup_token().await?;
    let mut out = terminal::stdout();
    writeln!(out, "listening on http://{address}")?;
    if let Some(token) = token {
        writeln!(
            out,
            "create the first admin: http://{address}/setup#token={token}"
        )?;
        writeln!(
            out,
            "or in another terminal: {}",
            create_admin_command(config)
        )?;
    }
    out.flush()?;
    Ok(())
}

/// What to type to create an administrator of this instance.
fn create_admin_command(config: &Config) -> String {
    let data_dir = match &config.data_dir.origin {
        Origin::Default => String::new(),
        Origin::Flag(_) | Origin::Environment(_) | Origin::DotEnv(_) | Origin::File(_) => {
            format!(" --data-dir '{}'", config.data_dir.value.display())
        }
    };
    format!("codegenie users create --admin --email E --username U{data_dir}")
}

/// Brings the library up to date and warms up what the first question needs. What fails here is told and costs quality, not
/// the server.
async fn prepare(wired: Arc<Wired>) {
    if let Err(error) = library::bring_up_to_date(&wired).await {
        note(&format!("the library could not be indexed: {error:#}"));
    }
    wired.router.warm_up().await;
    if let Err(error) = wired.retriever.refresh().await {
        note(&format!("the search index could not be read: {error}"));
    }
}

/// Serves until told to stop, then gives requests under way [`STOP_SECONDS`]; a second signal ends them at once.
async fn serve_until(
    server: impl Future<Output = std::io::Result<()>> + Send + 'static,
    begin_stop: oneshot::Sender<()>,
    mut stop: StopSignals,
) -> anyhow::Result<()> {
    let mut serving = tokio::spawn(server);
    tokio::select! {
        ended = &mut serving => return ended.context("the server ended unexpectedly")?.context("the server failed"),
        () = stop.next() => {}
    }
    note("stopping: requests under way may take 10 s to end");
    drop(begin_stop);
    tokio::select! {
        ended = &mut serving => ended.context("the server ended unexpectedly")?.context("the server failed"),
        () = tokio::time::sleep(Duration::from_secs(STOP_SECONDS)) => {
            note("stopped: requests that took longer were broken off");
            Ok(())
        }
        () = stop.next() => {
            note("stopped at once: requests under way were broken off");
            Ok(())
        }
    }
}

/// What tells the server to stop: Ctrl-C, or the signal that service managers send.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn catch() -> anyhow::Result<Self> {
        let catch =
            |kind| signal(kind).context("cannot listen for the signals that stop the server");
        Ok(Self {
            interrupt: catch(SignalKind::interrupt())?,
            terminate: catch(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
