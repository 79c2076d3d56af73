//! What the host asks of the launcher, and the frames that both sides send. Bounded, and read without trust.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Most bytes of a request: a program's standard input, the harness, and what the interpreter needs.
pub(super) const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How the launcher ends: the program ended well.
pub(super) const EXIT_OK: u8 = 0;
/// How the launcher ends: the program ended with another code than 0.
pub(super) const EXIT_ERROR: u8 = 1;
/// How the launcher ends: a wall could not be put up, so nothing was run. Its standard error says which.
pub(super) const EXIT_NO_WALL: u8 = 120;
/// How the launcher ends: the host hung up, and the program was killed.
pub(super) const EXIT_HUNG_UP: u8 = 121;
/// How the launcher ends: this and the number of the signal that ended the program.
pub(super) const EXIT_SIGNAL: u8 = 128;

/// What the launcher is asked for, as the first frame on its standard input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Request {
    /// To try each wall on itself and to say what held, as a [`Survey`] on its standard output.
    Survey(View),
    /// To become a program behind walls, every one of which must hold.
    Run(Box<Launch>),
}

/// A program to be launched.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Launch {
    /// The walls.
    pub(super) plan: Plan,
    /// What it sees of the file system.
    pub(super) view: View,
    /// Its path and arguments.
    pub(super) arguments: Vec<String>,
    /// Its environment, `NAME=value`.
    pub(super) environment: Vec<String>,
    /// What it reads from standard input.
    pub(super) stdin: String,
    /// What it may use.
    pub(super) bounds: Bounds,
}

/// What the kernel lets the program use.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Bounds {
    /// Private writable memory, bytes.
    pub(super) data_bytes: u64,
    /// Address space, bytes.
    pub(super) address_bytes: u64,
    /// Processor time, seconds.
    pub(super) cpu_seconds: u64,
    /// The working folder, bytes.
    pub(super) folder_bytes: u64,
    /// Threads.
    pub(super) threads: u64,
    /// Open files.
    pub(super) files: u64,
}

/// Which walls a run has besides those that every run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Its own mounts, processes and network.
    pub(super) has_namespaces: bool,
    /// Landlock.
    pub(super) has_landlock: bool,
}

/// What an interpreter needs of the file system. Paths are absolute and without symbolic links, but for the links themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct View {
    /// Folders, read only.
    pub(super) folders: Vec<PathBuf>,
    /// Files, read only.
    pub(super) files: Vec<PathBuf>,
    /// Symbolic links and where they point.
    pub(super) links: Vec<(PathBuf, PathBuf)>,
    /// Files that may be executed: the interpreter and the loader of its libraries.
    pub(super) programs: Vec<PathBuf>,
    /// A file to be linked into the folder of matplotlib's settings.
    pub(super) font_list: Option<PathBuf>,
}

/// What the launcher found out about this machine: for each wall what it is, or why it is missing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Survey {
    /// Mounts, processes, network.
    pub(super) namespaces: Result<String, String>,
    /// The ABI of Landlock.
    pub(super) landlock: Result<u32, String>,
    /// The filter of system calls.
    pub(super) system_calls: Result<String, String>,
    /// The kernel's bounds on memory, time, files and threads.
    pub(super) bounds: Result<String, String>,
    /// The account that programs run as.
    pub(super) account: Result<String, String>,
}

/// A frame on the wire: its kind, the length of what follows (four bytes, little endian), and the payload.
pub(super) fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(payload.len() + HEADER_BYTES);
    frame.push(kind);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Bytes before a frame's payload.
pub(super) const HEADER_BYTES: usize = 5;

/// A frame's kind and the length of its payload.
pub(super) fn read_header(header: [u8; HEADER_BYTES]) -> (u8, usize) {
    let [kind, a, b, c, d] = header;
    let length = u32::from_le_bytes([a, b, c, d]);
    (kind, usize::try_from(length).unwrap_or(usize::MAX))
}
