//! A process's own mounts, processes and network: a tree in which only what the interpreter needs exists.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags,
};
use rustix::thread::UnshareFlags;

use super::kernel::{self, NO_DEVICES, NO_EXEC, NO_SUID, READ_ONLY};
use super::request::View;

/// The account that programs run as, as each namespace sees it: nobody.
pub(super) const NOBODY: u32 = 65_534;

/// Where programs work: a file system in memory that ends with the run.
pub(super) const WORK: &str = "/program";

/// Most files and folders in [`WORK`].
const WORK_ENTRIES_MAX: u32 = 1024;

/// Devices without power over anything.
pub(super) const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/urandom"];

/// Folders that every system has and that the new tree may be put over while it is made.
const STAGES: [&str; 4] = ["/tmp", "/usr", "/dev", "/etc"];

/// Moves this process, and the children it forks, into a tree and a network of their own; its first child is their process 1.
pub(super) fn enter(view: &View, folder_bytes: u64) -> Result<(), String> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let mut namespaces = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    if !user.is_root() {
        namespaces |= UnshareFlags::NEWUSER;
    }
    kernel::unshare(namespaces).map_err(|error| format!("unshare: {error}"))?;
    if !user.is_root() {
        let write = |name: &str, text: String| {
            fs::write(format!("/proc/self/{name}"), text)
                .map_err(|error| format!("/proc/self/{name}: {error}"))
        };
        write("setgroups", "deny".to_owned())?;
        write("uid_map", format!("{NOBODY} {} 1", user.as_raw()))?;
        write("gid_map", format!("{NOBODY} {} 1", group.as_raw()))?;
    }
    build_tree(view, folder_bytes).map_err(|error| format!("mounts: {error}"))
}

/// A mount, and where it goes.
struct Part<'a> {
    path: &'a Path,
    is_folder: bool,
    mount: OwnedFd,
}

fn build_tree(view: &View, folder_bytes: u64) -> io::Result<()> {
    rustix::mount::mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )?;
    // Taken before the new tree hides anything.
    let read_only = READ_ONLY | NO_SUID | NO_DEVICES;
    let device = READ_ONLY | NO_SUID | NO_EXEC;
    let parts = [
        (
            view.folders
                .iter()
                .map(AsRef::as_ref)
                .collect::<Vec<&Path>>(),
            true,
            read_only,
        ),
        (
            view.files.iter().map(AsRef::as_ref).collect(),
            false,
            read_only,
        ),
        (DEVICES.iter().map(Path::new).collect(), false, device),
    ];
    let mut taken = Vec::new();
    for (paths, is_folder, attributes) in parts {
        for path in paths {
            let mount = take(path, attributes).map_err(|error| in_path(path, &error))?;
            taken.push(Part {
                path,
                is_folder,
                mount,
            });
        }
    }

    let root = memory_file_system(&[("size", "1m"), ("mode", "0755")])?;
    let stage = STAGES
        .iter()
        .find(|stage| Path::new(stage).is_dir())
        .ok_or(io::ErrorKind::NotFound)?;
    attach(&root, Path::new(stage))?;
    rustix::process::fchdir(&root)?;
    for part in &taken {
        let place = make_place(part).map_err(|error| in_path(part.path, &error))?;
        attach(&part.mount, place).map_err(|error| in_path(part.path, &error))?;
    }
    for (link, target) in &view.links {
        let link = relative(link);
        make_parents(link)?;
        std::os::unix::fs::symlink(target, link).map_err(|error| in_path(link, &error))?;
    }
    let work = relative(Path::new(WORK));
    fs::create_dir(work)?;
    kernel::restrict_mount(&root, READ_ONLY | NO_SUID)?;
    attach(&work_folder(folder_bytes)?, work)?;

    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")?;
    Ok(())
}

fn in_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A copy of the mount at `path`, tied to nothing yet.
fn take(path: &Path, attributes: u64) -> io::Result<OwnedFd> {
    // Recursive, because a part of a tree without what is mounted in it may not be taken.
    let recursive = OpenTreeFlags::AT_RECURSIVE;
    let mount = rustix::mount::open_tree(
        CWD,
        path,
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | recursive,
    )?;
    kernel::restrict_mount(&mount, attributes)?;
    Ok(mount)
}

fn attach(mount: &OwnedFd, place: &Path) -> io::Result<()> {
    Ok(rustix::mount::move_mount(
        mount,
        "",
        CWD,
        place,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )?)
}

fn make_place<'a>(part: &Part<'a>) -> io::Result<&'a Path> {
    let place = relative(part.path);
    if part.is_folder {
        fs::create_dir_all(place)?;
    } else {
        make_parents(place)?;
        fs::File::create(place)?;
    }
    Ok(place)
}

fn make_parents(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => fs::create_dir_all(parent),
        Some(_) | None => Ok(()),
    }
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

fn work_folder(bytes: u64) -> io::Result<OwnedFd> {
    let nobody = NOBODY.to_string();
    memory_file_system(&[
        ("size", &bytes.to_string()),
        ("nr_inodes", &WORK_ENTRIES_MAX.to_string()),
        ("mode", "0700"),
        ("uid", &nobody),
        ("gid", &nobody),
    ])
}

fn memory_file_system(options: &[(&str, &str)]) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    for &(key, value) in options {
        rustix::mount::fsconfig_set_string(&context, key, value)?;
    }
    rustix::mount::fsconfig_create(&context)?;
    Ok(rustix::mount::fsmount(
        &context,
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::MOUNT_ATTR_NOSUID
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOEXEC,
    )?)
}
