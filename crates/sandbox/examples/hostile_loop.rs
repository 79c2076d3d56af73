//! Runs the hostile programs again and again, and says what they left behind:
//! `hostile_loop native|wasm [RUNS] [PYTHON] [CACHE_DIR]`. The launcher is the example beside this one.
#![expect(clippy::print_stdout, reason = "this is a program for the terminal")]

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt;
    use std::path::{Path, PathBuf};

    use domain::sandbox::Tier;
    use sandbox::{Launcher, SandboxConfig, besiege};

    /// What may grow and must not.
    struct Traces {
        children: usize,
        zombies: usize,
        open_files: usize,
        mounts: usize,
        temporary_files: usize,
        resident_kib: u64,
    }

    impl fmt::Display for Traces {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(
                formatter,
                "{} children, {} zombies on the machine, {} open files, {} mounts, {} temporary files, {} KiB of memory",
                self.children,
                self.zombies,
                self.open_files,
                self.mounts,
                self.temporary_files,
                self.resident_kib
            )
        }
    }

    fn entries(path: &Path) -> usize {
        std::fs::read_dir(path).map_or(0, Iterator::count)
    }

    fn look() -> Traces {
        let own = std::process::id().to_string();
        let mut traces = Traces {
            children: 0,
            zombies: 0,
            open_files: entries(Path::new("/proc/self/fd")),
            mounts: std::fs::read_to_string("/proc/self/mountinfo")
                .map_or(0, |text| text.lines().count()),
            temporary_files: entries(&std::env::temp_dir()),
            resident_kib: 0,
        };
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        traces.resident_kib = resident
            .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0);
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let mut fields = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_whitespace();
            let state = fields.next();
            let parent = fields.next();
            traces.zombies += usize::from(state == Some("Z"));
            traces.children += usize::from(parent == Some(own.as_str()));
        }
        traces
    }

    /// Runs them; whether all were stopped.
    pub(crate) async fn run() -> Result<bool, String> {
        let mut words = std::env::args().skip(1);
        let tier = match words.next().as_deref() {
            Some("native") => Tier::Native,
            Some("wasm") => Tier::Wasm,
            _ => {
                return Err(
                    "usage: hostile_loop native|wasm [RUNS] [PYTHON] [CACHE_DIR]".to_owned(),
                );
            }
        };
        let runs = words
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(10_000);
        let python = words
            .next()
            .map_or_else(|| PathBuf::from("python3"), PathBuf::from);
        let cache_dir = words.next().map_or_else(
            || std::env::temp_dir().join("codegenie-hostile"),
            PathBuf::from,
        );
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let config = SandboxConfig {
            cache_dir,
            launcher: Some(Launcher {
                program: own.with_file_name("launcher"),
                args: Vec::new(),
            }),
            python: vec![python],
            parallel_max: 4,
        };
        // The first round makes what is kept: compiled images, pools of memory and threads.
        besiege(tier, config.clone(), 1).await?;
        let before = look();
        println!("before: {before}");
        let begun = std::time::Instant::now();
        let siege = besiege(tier, config, runs).await?;
        println!("{} runs in {:.1?}", siege.runs, begun.elapsed());
        println!("after:  {}", look());
        println!("not stopped: {}", siege.holes.len());
        for hole in siege.holes.iter().take(20) {
            println!("  {}: {}", hole.name, hole.detail);
        }
        Ok(siege.holes.is_empty())
    }
}

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> std::process::ExitCode {
    match linux::run().await {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::FAILURE,
        Err(why) => {
            println!("{why}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this needs Linux");
}
