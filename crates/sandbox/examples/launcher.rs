//! The launcher alone, for tests. `launcher deny unshare landlock` first takes those system calls away, as containers do, so that
//! tests see what is left.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let denied: Vec<(i64, Vec<_>)> = std::env::args()
        .skip(2)
        .filter_map(|name| match name.as_str() {
            "unshare" => Some((libc::SYS_unshare, Vec::new())),
            "landlock" => Some((libc::SYS_landlock_create_ruleset, Vec::new())),
            _ => None,
        })
        .collect();
    if !denied.is_empty() {
        use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
        let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known processor");
        let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
        let filter = SeccompFilter::new(
            denied.into_iter().collect(),
            SeccompAction::Allow,
            refuse,
            arch,
        )
        .and_then(BpfProgram::try_from)
        .expect("a filter");
        seccompiler::apply_filter(&filter).expect("a filter that holds");
    }
    sandbox::launch_main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
