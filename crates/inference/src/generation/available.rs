//! How much memory the machine can give to models.

use std::fs;

/// Share of the free memory that models may take, in percent: the rest is for the server, its sandboxes and other programs.
pub const BUDGET_PERCENT: u64 = 70;
/// What is taken as free where the system does not tell.
const UNKNOWN_BYTES: u64 = 4 << 30;
/// Where Linux tells what is free.
const MEMORY: &str = "/proc/meminfo";
/// Where it tells what this control group may use and uses.
const GROUP: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"];

/// Bytes that models may take unless a setting says otherwise: [`BUDGET_PERCENT`] of the memory that is free now.
pub fn default_budget_bytes() -> u64 {
    free_memory_bytes().unwrap_or(UNKNOWN_BYTES) / 100 * BUDGET_PERCENT
}

/// Bytes of memory that are free now, within the limit of the container if there is one; `None` where the system does not tell.
pub fn free_memory_bytes() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let free = read(MEMORY).as_deref().and_then(find_available);
    let [limit, used] = GROUP.map(|path| read(path)?.trim().parse::<u64>().ok());
    let group = limit
        .zip(used)
        .map(|(limit, used)| limit.saturating_sub(used));
    free.into_iter().chain(group).min()
}

/// The bytes of `MemAvailable: N kB`.
fn find_available(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_available_memory_is_found_among_others() {
        let text = "MemTotal:  24 kB\nMemFree: 1 kB\nMemAvailable:   16 kB\nBuffers: 2 kB\n";
        assert_eq!(find_available(text), Some(16 * 1024));
        for text in ["", "MemAvailable: many kB", "MemAvailable: 3 MB"] {
            assert_eq!(find_available(text), None, "{text}");
        }
    }

    #[test]
    fn a_machine_that_runs_this_has_memory_for_models() {
        assert!(default_budget_bytes() > 0);
    }
}
