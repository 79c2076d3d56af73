//! The system calls a program may make, as a filter (`seccomp(2)`). What is not named is refused with `EPERM`.
//!
//! The list is what `CPython`, numpy, pandas and matplotlib need. It has no way to a new process, a socket, another process, a
//! mount, a namespace, a key, or a part of the kernel that only the system's own programs need.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Two filters, to be applied in this order.
///
/// `path_address` is where the path of the one program that may be executed lies; `pid` is the process's own number. Modes and
/// times of files, which Landlock does not guard, may be changed only where no files but its own exist (`has_own_files`).
pub(super) fn filters(
    path_address: u64,
    pid: u64,
    has_own_files: bool,
) -> Result<[BpfProgram; 2], String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)
        .map_err(|error| format!("no filter of system calls for this processor: {error}"))?;
    let errno = |code: i32| SeccompAction::Errno(code.cast_unsigned());
    // The C library asks for clone3 first and takes clone, whose flags a filter can see, when it is told there is none.
    let missing = [(libc::SYS_clone3, Vec::new())].into_iter().collect();
    let hide = SeccompFilter::new(missing, SeccompAction::Allow, errno(libc::ENOSYS), arch);
    let mut rules = rules(path_address, pid).map_err(|error| error.to_string())?;
    if has_own_files {
        rules.extend(FILE_MODES.iter().map(|&call| (call, Vec::new())));
    }
    let allow = SeccompFilter::new(rules, errno(libc::EPERM), SeccompAction::Allow, arch);
    let compile = |filter: Result<SeccompFilter, _>| -> Result<BpfProgram, String> {
        filter
            .and_then(BpfProgram::try_from)
            .map_err(|error: seccompiler::BackendError| error.to_string())
    };
    Ok([compile(hide)?, compile(allow)?])
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules(path_address: u64, pid: u64) -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
    rules.extend(allowed_by_architecture());
    // So that the other filter's answer is the one that is given.
    rules.insert(libc::SYS_clone3, Vec::new());

    rules.extend(conditional(path_address, pid)?);
    Ok(rules)
}

/// Allowed with certain arguments only.
fn conditional(path_address: u64, pid: u64) -> Result<Rules, seccompiler::BackendError> {
    let rule = |index: u8, width: Width, is: Is, value: u64| {
        SeccompRule::new(vec![SeccompCondition::new(index, width, is, value)?])
    };
    let one_of = |index: u8, values: &[u64]| -> Result<Vec<SeccompRule>, _> {
        values
            .iter()
            .map(|&value| rule(index, Width::Dword, Is::Eq, value))
            .collect()
    };
    let mut rules = Rules::new();
    let thread =
        u64::from((libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND).cast_unsigned());
    rules.insert(
        libc::SYS_clone,
        vec![rule(
            0,
            Width::Qword,
            Is::MaskedEq(thread | NAMESPACES),
            thread,
        )?],
    );
    rules.insert(
        libc::SYS_execve,
        vec![rule(0, Width::Qword, Is::Eq, path_address)?],
    );
    // Signals to itself alone.
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        rules.insert(call, vec![rule(0, Width::Dword, Is::Eq, pid)?]);
    }
    rules.insert(libc::SYS_prlimit64, vec![rule(0, Width::Dword, Is::Eq, 0)?]);
    rules.insert(libc::SYS_sched_getaffinity, one_of(0, &[0, pid])?);
    rules.insert(
        libc::SYS_ioctl,
        one_of(
            1,
            &[
                libc::TCGETS,
                libc::TIOCGWINSZ,
                libc::FIONREAD,
                libc::FIOCLEX,
                libc::FIONBIO,
            ],
        )?,
    );
    // A pair of streams for asyncio to wake itself with. Streams take no address, so nothing but the other end is reached.
    rules.insert(libc::SYS_socketpair, vec![pair_of_streams()?]);
    rules.insert(libc::SYS_sendto, vec![rule(4, Width::Qword, Is::Eq, 0)?]);
    let options = [libc::PR_SET_NAME, libc::PR_GET_NAME, PR_SET_VMA];
    rules.insert(
        libc::SYS_prctl,
        one_of(0, &options.map(|option| u64::from(option.cast_unsigned())))?,
    );
    rules.insert(
        libc::SYS_fcntl,
        one_of(
            1,
            &FILE_COMMANDS.map(|command| u64::from(command.cast_unsigned())),
        )?,
    );
    Ok(rules)
}

fn pair_of_streams() -> Result<SeccompRule, seccompiler::BackendError> {
    let local = u64::from(libc::AF_UNIX.cast_unsigned());
    let stream = u64::from(libc::SOCK_STREAM.cast_unsigned());
    SeccompRule::new(vec![
        SeccompCondition::new(0, Width::Dword, Is::Eq, local)?,
        SeccompCondition::new(1, Width::Dword, Is::MaskedEq(SOCKET_KIND), stream)?,
    ])
}

/// Flags of `clone` that make namespaces.
const NAMESPACES: u64 = 0x7e02_0000;
/// The part of a socket's type that is no flag.
const SOCKET_KIND: u64 = 0xf;
/// Naming of memory; the C library does it.
const PR_SET_VMA: i32 = 0x5356_4d41;
/// No owner for signals, no leases, no seals, no size of a pipe.
const FILE_COMMANDS: [i32; 7] = [
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETLK,
];

/// Allowed whatever their arguments.
const ALLOWED: &[i64] = &[
    // Files. Where they may be is for the mounts and Landlock to say.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_ftruncate,
    libc::SYS_truncate,
    libc::SYS_fallocate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_umask,
    libc::SYS_flock,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_fadvise64,
    // What a pair of streams needs beside reading and writing.
    libc::SYS_recvfrom,
    libc::SYS_getsockname,
    // Waiting.
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_setitimer,
    libc::SYS_getitimer,
    // Memory.
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_membarrier,
    // Threads and signals of its own.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_sched_yield,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_rt_sigsuspend,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // What it may know.
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getcpu,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
];

/// Changes of what Landlock does not guard. `chmod` of old is not among them: the C library knows `fchmodat`.
const FILE_MODES: &[i64] = &[libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_utimensat];

/// The older names of some of the above, which newer processors do without.
#[cfg(target_arch = "x86_64")]
fn allowed_by_architecture() -> impl Iterator<Item = (i64, Vec<SeccompRule>)> {
    [
        libc::SYS_open,
        libc::SYS_stat,
        libc::SYS_lstat,
        libc::SYS_access,
        libc::SYS_readlink,
        libc::SYS_getdents,
        libc::SYS_mkdir,
        libc::SYS_rmdir,
        libc::SYS_unlink,
        libc::SYS_rename,
        libc::SYS_link,
        libc::SYS_symlink,
        libc::SYS_dup2,
        libc::SYS_pipe,
        libc::SYS_poll,
        libc::SYS_select,
        libc::SYS_epoll_wait,
        libc::SYS_alarm,
        libc::SYS_pause,
        libc::SYS_time,
        libc::SYS_arch_prctl,
        libc::SYS_getpgrp,
    ]
    .into_iter()
    .map(|call| (call, Vec::new()))
}

/// The older names of some of the above, which this processor does without.
#[cfg(not(target_arch = "x86_64"))]
fn allowed_by_architecture() -> impl Iterator<Item = (i64, Vec<SeccompRule>)> {
    std::iter::empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_the_list_leads_out() {
        let rules = rules(0, 1).unwrap();
        for call in [
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_sendmsg,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_keyctl,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_io_uring_setup,
            libc::SYS_pidfd_getfd,
            libc::SYS_memfd_create,
            libc::SYS_execveat,
            libc::SYS_setsid,
            libc::SYS_setpgid,
            libc::SYS_setuid,
            libc::SYS_seccomp,
            libc::SYS_tkill,
            libc::SYS_rt_sigqueueinfo,
        ] {
            assert!(!rules.contains_key(&call), "call {call}");
        }
    }

    #[test]
    fn the_filters_compile_for_this_processor() {
        let [hide, allow] = filters(0x7fff_0000_1000, 1, true).unwrap();
        assert!(!hide.is_empty() && allow.len() < 4096);
    }
}
