//! Makes a smaller copy of a model with llama.cpp. The only calls of llama.cpp's C functions in this folder.

use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use llama_cpp_sys_2 as sys;

use super::frame::{TaskReport, write_report};
use super::{TaskArgs, start_backend};
use crate::engine::args::thread_count;

/// Kinds of weights that copies are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantKind {
    /// About 4.5 bits, with more for what matters: the usual choice.
    Q4KM,
    /// 4.5 bits everywhere.
    Q40,
    /// About 5.5 bits.
    Q5KM,
    /// 6.6 bits.
    Q6K,
    /// 8.5 bits.
    Q80,
    /// 16 bits.
    F16,
}

impl QuantKind {
    /// Every kind, smallest first but for the usual one.
    pub const ALL: [Self; 6] = [
        Self::Q4KM,
        Self::Q40,
        Self::Q5KM,
        Self::Q6K,
        Self::Q80,
        Self::F16,
    ];

    /// The usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q4KM => "Q4_K_M",
            Self::Q40 => "Q4_0",
            Self::Q5KM => "Q5_K_M",
            Self::Q6K => "Q6_K",
            Self::Q80 => "Q8_0",
            Self::F16 => "F16",
        }
    }

    const fn number(self) -> sys::llama_ftype {
        match self {
            Self::Q4KM => sys::LLAMA_FTYPE_MOSTLY_Q4_K_M,
            Self::Q40 => sys::LLAMA_FTYPE_MOSTLY_Q4_0,
            Self::Q5KM => sys::LLAMA_FTYPE_MOSTLY_Q5_K_M,
            Self::Q6K => sys::LLAMA_FTYPE_MOSTLY_Q6_K,
            Self::Q80 => sys::LLAMA_FTYPE_MOSTLY_Q8_0,
            Self::F16 => sys::LLAMA_FTYPE_MOSTLY_F16,
        }
    }
}

impl FromStr for QuantKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is not a kind of weights to make; use one of {names}")
        })
    }
}

/// What the log of llama.cpp is read for: it has no other way to tell how far quantising is, or why it failed.
struct Log {
    socket: Option<UnixStream>,
    error: String,
}

static LOG: Mutex<Log> = Mutex::new(Log {
    socket: None,
    error: String::new(),
});

pub(super) fn run(
    args: &TaskArgs,
    out: &Path,
    kind: QuantKind,
    socket: &UnixStream,
) -> Result<TaskReport, String> {
    let _backend = start_backend()?;
    with_log(|log| log.socket = socket.try_clone().ok());
    let status = quantise(args, out, kind)?;
    let error = with_log(|log| {
        log.socket = None;
        std::mem::take(&mut log.error)
    });
    match (status, error.trim()) {
        (0, _) => Ok(TaskReport::Done),
        (_, "") => Err("llama.cpp does not say why".to_owned()),
        (_, error) => Err(error.to_owned()),
    }
}

#[expect(unsafe_code, reason = "llama-cpp-2 has no safe way to quantise")]
fn quantise(args: &TaskArgs, out: &Path, kind: QuantKind) -> Result<u32, String> {
    let path =
        |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string());
    let (source, out) = (path(&args.model)?, path(out)?);
    // SAFETY: it only fills in a structure.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.nthread = thread_count(args.threads);
    params.ftype = kind.number();
    // Whether that makes sense is decided by whoever asks.
    params.allow_requantize = true;
    // SAFETY: the callback lives as long as the program, and is given no data of its own.
    unsafe { sys::llama_log_set(Some(note), std::ptr::null_mut()) };
    // SAFETY: both texts end with NUL and live until it returns, as does `params`, whose pointers are all null as the defaults
    // leave them. It catches its own exceptions.
    Ok(unsafe { sys::llama_model_quantize(source.as_ptr(), out.as_ptr(), &raw const params) })
}

/// Takes a piece of the log.
#[expect(unsafe_code, reason = "llama.cpp calls it")]
unsafe extern "C" fn note(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp gives a text that ends with NUL and lives until this returns.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    with_log(|log| {
        if level == sys::GGML_LOG_LEVEL_ERROR {
            log.error.clear();
            log.error
                .push_str(text.get(..text.floor_char_boundary(1000)).unwrap_or(&text));
        }
        if let (Some(socket), Some((done, total))) = (&mut log.socket, read_progress(&text)) {
            // When the server has gone, so will this process.
            let _ = write_report(socket, &TaskReport::Progress { done, total });
        }
    });
}

fn with_log<T>(act: impl FnOnce(&mut Log) -> T) -> T {
    act(&mut LOG.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The numbers of a line such as `[   3/ 291] blk.0.attn_q.weight - …`.
fn read_progress(line: &str) -> Option<(u64, u64)> {
    let (numbers, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    let (done, total) = numbers.split_once('/')?;
    Some((done.trim().parse().ok()?, total.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_the_log_alone() {
        assert_eq!(
            read_progress("[   3/ 291] blk.0.attn_q.weight"),
            Some((3, 291))
        );
        for line in ["", "[3]", "[a/b] c", "size = 3/4", "[1/2"] {
            assert_eq!(read_progress(line), None, "{line}");
        }
    }

    #[test]
    fn kinds_have_names() {
        for kind in QuantKind::ALL {
            assert_eq!(kind.name().to_lowercase().parse(), Ok(kind));
        }
        assert!(
            "Q9".parse::<QuantKind>()
                .unwrap_err()
                .contains("Q4_K_M, Q4_0")
        );
    }
}
