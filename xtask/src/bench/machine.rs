//! What the figures were measured on and from, and what a process uses; all from /proc.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

/// Clock ticks of one second in /proc; fixed at 100 for user space on Linux.
const TICKS_PER_SECOND: u32 = 100;

/// The machine and the source.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    /// Load average of the last minute when the run began; more than a few tenths means that others took part.
    pub(crate) load: String,
    pub(crate) commit: String,
    pub(crate) date: String,
}

impl Machine {
    pub(crate) fn read(repository: &Path) -> anyhow::Result<Self> {
        let memory_kib = field("/proc/meminfo", "MemTotal")?;
        Ok(Self {
            processor: std::fs::read_to_string("/proc/cpuinfo")?
                .lines()
                .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
                .map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned()),
            cores: std::thread::available_parallelism()?.get(),
            memory: format!("{} MiB", memory_kib / 1024),
            kernel: format!(
                "Linux {}",
                std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim()
            ),
            load: std::fs::read_to_string("/proc/loadavg")?
                .split(' ')
                .next()
                .unwrap_or("unknown")
                .to_owned(),
            commit: commit(repository),
            date: date(),
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a report says when it was made; nothing depends on it"
)]
fn date() -> String {
    chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string()
}

/// The commit, with a mark when tracked files outside of docs/ are changed.
fn commit(repository: &Path) -> String {
    let git = |args: &[&str]| -> Option<String> {
        let output = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(args)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "not a git checkout".to_owned();
    };
    let changed = git(&[
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ".",
        ":!docs",
    ]);
    if changed.is_none_or(|changed| !changed.is_empty()) {
        return format!("{commit} with uncommitted changes");
    }
    commit
}

/// Memory of a process, KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident_kib: u64,
    /// The most that was ever resident.
    pub(crate) peak_kib: u64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{pid}/status");
        Ok(Self {
            resident_kib: field(&path, "VmRSS")?,
            peak_kib: field(&path, "VmHWM")?,
        })
    }
}

/// The children of a process, such as its engines.
pub(crate) fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut children = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let list = std::fs::read_to_string(thread?.path().join("children"))?;
        for child in list.split_whitespace() {
            children.push(child.parse()?);
        }
    }
    Ok(children)
}

/// Processor time a process has used.
pub(crate) fn processor_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may hold spaces; user and system time are the 12th and 13th word after it.
    let (_, rest) = stat.rsplit_once(')').context("the process has no name")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let mut ticks = 0;
    for at in [11, 12] {
        let word = words
            .get(at)
            .context("the line of the process is too short")?;
        ticks += word.parse::<u32>()?;
    }
    Ok(Duration::from_secs(1) * ticks / TICKS_PER_SECOND)
}

/// A number of a file of lines `Name: number kB`.
fn field(path: &str, name: &str) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(':')?
                .split_whitespace()
                .next()
        })
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{path} has no number {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_a_missing_one_does_not() {
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.resident_kib > 0 && memory.peak_kib >= memory.resident_kib);
        assert!(processor_time(std::process::id()).is_ok());
        assert!(Memory::of(u32::MAX).is_err());
    }
}
