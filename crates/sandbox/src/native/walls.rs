//! The walls a process puts up around itself: bounds, an account without rights, Landlock, and the filter of system calls.
//! None can be taken down again. Where files and networks do not even exist is in `namespaces`.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::calls;
use super::kernel;
use super::namespaces::{DEVICES, NOBODY, WORK};
use super::request::{Bounds, View};

/// The stack of the main thread and, unless a program asks for less, of each other.
const STACK_BYTES: u64 = 8 * 1024 * 1024;

/// Bounds what this process may use.
///
/// The kernel counts threads for each account; where the account is not the program's own, those that are there come on top.
pub(super) fn bound(bounds: &Bounds, has_own_account: bool) -> Result<(), String> {
    let others = if has_own_account { 0 } else { count_threads()? };
    let limits = [
        (Resource::Data, bounds.data_bytes),
        (Resource::As, bounds.address_bytes),
        (Resource::Cpu, bounds.cpu_seconds),
        (Resource::Fsize, bounds.folder_bytes),
        (Resource::Nofile, bounds.files),
        (Resource::Stack, STACK_BYTES),
        (Resource::Core, 0),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
        (Resource::Rtprio, 0),
        (Resource::Nproc, bounds.threads + others),
    ];
    for (resource, most) in limits {
        // The hard limit may already be lower, and cannot be raised.
        let hard = rustix::process::getrlimit(resource)
            .maximum
            .unwrap_or(u64::MAX);
        let value = Some(most.min(hard));
        let limit = Rlimit {
            current: value,
            maximum: value,
        };
        rustix::process::setrlimit(resource, limit)
            .map_err(|error| format!("the bound {resource:?} could not be set: {error}"))?;
    }
    Ok(())
}

/// How many threads this process's account has.
fn count_threads() -> Result<u64, String> {
    let failed = |error: std::io::Error| format!("the threads could not be counted: {error}");
    let own = rustix::process::geteuid().as_raw();
    let mut count = 0;
    for process in std::fs::read_dir("/proc").map_err(failed)? {
        let path = process.map_err(failed)?.path();
        // A process that has ended meanwhile counts no more.
        if path.metadata().is_ok_and(|metadata| metadata.uid() == own)
            && let Ok(tasks) = std::fs::read_dir(path.join("task"))
        {
            count += u64::try_from(tasks.count()).unwrap_or(0);
        }
    }
    Ok(count)
}

/// Becomes an account without rights: nobody where the launcher was started as root, else whoever started it, and in
/// both cases without a capability. Says which.
pub(super) fn drop_rights() -> Result<String, String> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: rustix::io::Errno| format!("{what} failed: {error}")
    };
    let was_root = rustix::process::geteuid().is_root();
    let mut said = "the server's own, without capabilities".to_owned();
    if was_root {
        let group = rustix::process::Gid::from_raw(NOBODY);
        let user = rustix::process::Uid::from_raw(NOBODY);
        rustix::thread::set_thread_groups(&[]).map_err(failed("dropping the groups"))?;
        rustix::thread::set_thread_res_gid(group, group, group)
            .map_err(failed("dropping the group"))?;
        rustix::thread::set_thread_res_uid(user, user, user)
            .map_err(failed("dropping the account"))?;
        // Threads are then counted for this run alone. Not every machine allows it, and the count of all runs bounds them too.
        let is_alone = kernel::unshare(UnshareFlags::NEWUSER).is_ok();
        said = format!(
            "{NOBODY}{}",
            if is_alone {
                ", in a user namespace"
            } else {
                ""
            }
        );
    }
    rustix::thread::set_no_new_privs(true).map_err(failed("no_new_privs"))?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, none).map_err(failed("dropping the capabilities"))?;
    let left = rustix::thread::capabilities(None).map_err(failed("reading the capabilities"))?;
    let is_dropped =
        left.effective.is_empty() && left.permitted.is_empty() && left.inheritable.is_empty();
    if !is_dropped || rustix::process::getuid().is_root() || rustix::process::geteuid().is_root() {
        return Err("rights of the administrator were left".to_owned());
    }
    Ok(said)
}

/// Restricts this process by Landlock to reading what `view` names, executing its programs, and writing below [`WORK`] where
/// `has_folder`. Gives the ABI. Rights over files are required, what later ABIs add is taken where it is.
pub(super) fn restrict_files(view: &View, has_folder: bool) -> Result<u32, String> {
    let newest = ABI::V7;
    let base = ABI::V1;
    let ruleset = || -> Result<_, landlock::RulesetError> {
        let created = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(base))?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(newest))?
            .handle_access(AccessNet::from_all(newest))?
            .scope(Scope::from_all(newest))?
            .create()?
            .no_new_privs(true);
        Ok(created)
    };
    let mut created =
        ruleset().map_err(|_| "it is not in this kernel, or switched off".to_owned())?;
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::from_all(newest) & !(AccessFs::Execute | AccessFs::IoctlDev);
    let as_paths = |paths: &[std::path::PathBuf]| paths.iter().map(Into::into).collect::<Vec<_>>();
    let device = AccessFs::ReadFile | AccessFs::WriteFile;
    let mut allowed: Vec<(Vec<std::path::PathBuf>, BitFlags<AccessFs>)> = vec![
        (as_paths(&view.folders), read),
        (as_paths(&view.files), AccessFs::ReadFile.into()),
        (
            as_paths(&view.programs),
            AccessFs::ReadFile | AccessFs::Execute,
        ),
        (DEVICES.iter().map(Into::into).collect(), device),
    ];
    if has_folder {
        allowed.push((vec![WORK.into()], write));
    }
    for (paths, access) in allowed {
        for path in paths {
            created = allow(created, &path, access)
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    let status = created.restrict_self().map_err(|error| error.to_string())?;
    match (status.ruleset, status.landlock) {
        (
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available { effective_abi, .. },
        ) => Ok(effective_abi as u32),
        _ => Err("the kernel did not enforce the rules".to_owned()),
    }
}

fn allow(
    created: landlock::RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<landlock::RulesetCreated, Box<dyn std::error::Error>> {
    let file = PathFd::new(path)?;
    Ok(created.add_rule(PathBeneath::new(file, access))?)
}

/// Puts up the filter of system calls; from then on `execve` takes the path at `path_address` alone.
pub(super) fn filter_calls(path_address: u64, has_own_files: bool) -> Result<(), String> {
    let pid = u64::from(
        rustix::process::getpid()
            .as_raw_nonzero()
            .get()
            .cast_unsigned(),
    );
    for filter in calls::filters(path_address, pid, has_own_files)? {
        seccompiler::apply_filter(&filter)
            .map_err(|error| format!("the filter of system calls: {error}"))?;
    }
    Ok(())
}
