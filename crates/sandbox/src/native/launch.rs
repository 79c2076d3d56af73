//! The launcher: the process between the host and a program. It puts up the walls, becomes the program in a child, and stays
//! to end and reap it. It ends with the host: when the host hangs up, the program is killed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags};
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use super::kernel::{self, Image};
use super::namespaces::{self, WORK};
use super::request::{
    Bounds, EXIT_ERROR, EXIT_HUNG_UP, EXIT_NO_WALL, EXIT_OK, EXIT_SIGNAL, HEADER_BYTES, Launch,
    REQUEST_BYTES_MAX, Request, Survey, View, frame, read_header,
};
use super::walls;

/// The number under which the program finds its channel to the host.
const CHANNEL: i32 = 3;

/// The first frame on the channel: the walls are up, the program begins.
pub(super) const BEGUN: u8 = b'B';

/// The launcher's main function: reads what it is asked for from standard input, a socket to the host.
///
/// To be called before the process has a second thread or opens a file.
pub fn launch_main() -> ExitCode {
    match launch() {
        Ok(code) => ExitCode::from(code),
        Err(reason) => {
            // To the host alone: nothing else has run.
            let _ = writeln!(std::io::stderr(), "{reason}");
            ExitCode::from(EXIT_NO_WALL)
        }
    }
}

fn launch() -> Result<u8, String> {
    kernel::close_from(3)
        .map_err(|error| format!("files of the host could not be closed: {error}"))?;
    let stdin = std::io::stdin();
    // The lowest free number is the channel's.
    let channel = rustix::io::fcntl_dupfd_cloexec(stdin.as_fd(), CHANNEL)
        .map_err(|error| format!("no channel to the host: {error}"))?;
    match read_request(&channel)? {
        Request::Survey(view) => survey(&view),
        Request::Run(launch) => run(&channel, &launch),
    }
}

fn read_request(channel: &OwnedFd) -> Result<Request, String> {
    let failed = |error: std::io::Error| format!("the request could not be read: {error}");
    // A duplicate, read without a buffer: what follows the request is for the program.
    let mut file = File::from(channel.try_clone().map_err(failed)?);
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header).map_err(failed)?;
    let (_, length) = read_header(header);
    if length > REQUEST_BYTES_MAX {
        return Err(format!(
            "the request has {length} bytes; at most {REQUEST_BYTES_MAX} are read"
        ));
    }
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|error| format!("the request is not one: {error}"))
}

/// Tries each wall on this process, strongest last, and says on standard output what held.
fn survey(view: &View) -> Result<u8, String> {
    let bounds = Bounds {
        data_bytes: 1 << 30,
        address_bytes: 4 << 30,
        cpu_seconds: 10,
        folder_bytes: 1 << 20,
        threads: 64,
        files: 64,
    };
    let namespaces = namespaces::enter(view, bounds.folder_bytes)
        .map(|()| "mounts, processes, network, IPC, host name, cgroups".to_owned());
    let account = walls::drop_rights();
    let bounded = walls::bound(&bounds, true).map(|()| {
        "memory, processor time, threads, files, file size, stack; no core dump".to_owned()
    });
    let landlock = walls::restrict_files(view, namespaces.is_ok());
    let system_calls = walls::filter_calls(0, namespaces.is_ok())
        .map(|()| "all but those that Python's libraries need are refused".to_owned());
    let survey = Survey {
        namespaces,
        landlock,
        system_calls,
        bounds: bounded,
        account,
    };
    let bytes = serde_json::to_vec(&survey).map_err(|error| error.to_string())?;
    std::io::stdout()
        .write_all(&bytes)
        .map_err(|error| error.to_string())?;
    Ok(EXIT_OK)
}

/// Runs the program in a child, and waits for its end or the host's.
fn run(channel: &OwnedFd, launch: &Launch) -> Result<u8, String> {
    let failed = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    let cloexec = rustix::pipe::PipeFlags::CLOEXEC;
    // The child's word why it did not begin; closed by `execve` when it did.
    let (why, tell) = rustix::pipe::pipe_with(cloexec).map_err(failed("a pipe"))?;
    // Closed with this process; the child sees by it that it has no parent any more.
    let (parent_lives, lifeline) = rustix::pipe::pipe_with(cloexec).map_err(failed("a pipe"))?;
    if launch.plan.has_namespaces {
        namespaces::enter(&launch.view, launch.bounds.folder_bytes)?;
    }
    let forked = kernel::fork().map_err(|error| format!("fork: {error}"))?;
    let Some(child) = forked else {
        drop((why, lifeline));
        let reason = match become_program(channel, &parent_lives, launch) {
            Ok(never) => match never {},
            Err(reason) => reason,
        };
        let _ = File::from(tell).write_all(reason.as_bytes());
        return Ok(EXIT_NO_WALL);
    };
    drop((tell, parent_lives));
    let end = watch(channel.as_fd(), child);
    drop(lifeline);
    let mut reason = String::new();
    // A read that fails leaves the reason empty, and then the exit code speaks.
    let _ = File::from(why).read_to_string(&mut reason);
    if reason.is_empty() { end } else { Err(reason) }
}

/// Waits until the child ends; kills it when the host hangs up. Reaps it in both cases.
fn watch(channel: BorrowedFd<'_>, child: Pid) -> Result<u8, String> {
    let pidfd = rustix::process::pidfd_open(child, PidfdFlags::empty())
        .map_err(|error| format!("the program cannot be watched: {error}"))?;
    let mut has_hung_up = false;
    loop {
        let mut polled = [
            PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(channel, PollFlags::empty()),
        ];
        match rustix::event::poll(&mut polled, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => has_hung_up = true,
        }
        let [ended, hung_up] = polled.map(|fd| !fd.revents().is_empty());
        if hung_up || has_hung_up {
            has_hung_up = true;
            // Fails only when it has ended already.
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
        if ended || has_hung_up {
            break;
        }
    }
    loop {
        match rustix::process::waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, _))) if has_hung_up => return Ok(EXIT_HUNG_UP),
            Ok(Some((_, status))) => {
                let signal = status
                    .terminating_signal()
                    .and_then(|signal| u8::try_from(signal).ok());
                return Ok(match (status.exit_status(), signal) {
                    (Some(0), _) => EXIT_OK,
                    (_, Some(signal)) => EXIT_SIGNAL.saturating_add(signal),
                    (_, None) => EXIT_ERROR,
                });
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("the program cannot be waited for: {error}")),
        }
    }
}

/// What cannot be.
enum Never {}

/// Puts up the remaining walls and becomes the program. Returns only when that failed.
fn become_program(
    channel: &OwnedFd,
    parent_lives: &OwnedFd,
    launch: &Launch,
) -> Result<Never, String> {
    let failed = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    let plan = launch.plan;
    let is_root = rustix::process::geteuid().is_root();
    let image = Image::new(&launch.arguments, &launch.environment)
        .map_err(|error| format!("the program's arguments: {error}"))?;
    let stdin = memory_file(&launch.stdin)?;
    rustix::stdio::dup2_stdin(&stdin).map_err(failed("standard input"))?;
    rustix::io::fcntl_setfd(kernel::inherited(CHANNEL), FdFlags::empty())
        .map_err(failed("the channel"))?;

    walls::drop_rights()?;
    // After the account, because a change of it clears this; and before the check, so that no moment is left between.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(failed("the tie to the launcher"))?;
    if hung_up(parent_lives) {
        return Err("the launcher has ended".to_owned());
    }
    let folder = if plan.has_namespaces { WORK } else { "/" };
    rustix::process::chdir(folder).map_err(failed("the working folder"))?;
    if let (true, Some(list)) = (plan.has_namespaces, &launch.view.font_list) {
        link_font_list(list)?;
    }
    let mut bounds = launch.bounds;
    if !plan.has_namespaces {
        // Without a tree of its own there is no folder of bounded size, so nothing may be written at all.
        bounds.folder_bytes = 0;
    }
    walls::bound(&bounds, is_root || plan.has_namespaces)?;
    if plan.has_landlock {
        walls::restrict_files(&launch.view, plan.has_namespaces)
            .map_err(|error| format!("Landlock: {error}"))?;
    }
    walls::filter_calls(image.path_address(), plan.has_namespaces)?;
    rustix::io::write(channel, &frame(BEGUN, &[])).map_err(failed("the channel"))?;
    Err(format!(
        "{}: {}",
        launch.arguments.first().map_or("", String::as_str),
        image.execute()
    ))
}

/// matplotlib wants a folder it may write to, in which it looks for its list of fonts.
fn link_font_list(list: &std::path::Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the list of fonts: {error}");
    std::fs::create_dir(super::FONT_FOLDER).map_err(failed)?;
    let name = list.file_name().ok_or("the list of fonts has no name")?;
    std::os::unix::fs::symlink(list, std::path::Path::new(super::FONT_FOLDER).join(name))
        .map_err(failed)
}

fn hung_up(lifeline: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(lifeline, PollFlags::empty())];
    let now = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    !matches!(rustix::event::poll(&mut polled, Some(&now)), Ok(0))
}

/// A file without a name that holds `text`, to be read from its beginning.
fn memory_file(text: &str) -> Result<OwnedFd, String> {
    let failed = |error: std::io::Error| format!("standard input: {error}");
    let memory = rustix::fs::memfd_create("stdin", rustix::fs::MemfdFlags::CLOEXEC)
        .map_err(|error| failed(error.into()))?;
    let file = File::from(memory);
    file.write_all_at(text.as_bytes(), 0).map_err(failed)?;
    Ok(file.into())
}
