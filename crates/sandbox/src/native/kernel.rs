//! The few calls of the kernel that Rust's libraries do not make safe. Nothing here decides anything.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::process::Pid;
use rustix::thread::UnshareFlags;

/// Attributes of a mount, as in `mount_setattr(2)`.
pub(super) const READ_ONLY: u64 = 0x1;
pub(super) const NO_SUID: u64 = 0x2;
pub(super) const NO_DEVICES: u64 = 0x4;
pub(super) const NO_EXEC: u64 = 0x8;

/// `struct mount_attr` of `linux/mount.h`.
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Adds `attributes` to a mount and all that is mounted below it.
pub(super) fn restrict_mount(mount: &OwnedFd, attributes: u64) -> io::Result<()> {
    let attr = MountAttr {
        set: attributes,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    #[expect(unsafe_code, reason = "no safe wrapper exists for mount_setattr")]
    // SAFETY: the path is a C string that lives through the call, and `attr` is the structure whose size is given.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Closes every file from number `first` on. To be called before anything owns one of them.
pub(super) fn close_from(first: u32) -> io::Result<()> {
    #[expect(unsafe_code, reason = "no safe wrapper exists for close_range")]
    // SAFETY: the callers hold no file from `first` on, so nothing is closed that something else owns.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0_u32) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Leaves namespaces of the host for new ones.
pub(super) fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    #[expect(unsafe_code, reason = "only FILES is unsafe, and no caller passes it")]
    // SAFETY: the table of open files stays shared; the launcher has one thread anyway.
    let done = unsafe { rustix::thread::unshare_unsafe(namespaces) };
    Ok(done?)
}

/// Forks. `None` in the child.
///
/// The launcher has one thread, so the child may do whatever its parent may.
pub(super) fn fork() -> io::Result<Option<Pid>> {
    #[expect(unsafe_code, reason = "fork is unsafe where there are threads")]
    // SAFETY: the launcher never starts a thread, hence no lock is held by a thread that the child lacks.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(pid))
}

/// A file that another process opened and passed under a fixed number.
pub(super) fn inherited(number: i32) -> BorrowedFd<'static> {
    #[expect(unsafe_code, reason = "a number is all that is inherited")]
    // SAFETY: the launcher keeps this number open from its start to its end.
    unsafe {
        BorrowedFd::borrow_raw(number)
    }
}

/// What becomes of this process: a program, its arguments and its environment.
pub(super) struct Image {
    path: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Image {
    /// `arguments` begins with the program's own path.
    pub(super) fn new(arguments: &[String], environment: &[String]) -> io::Result<Self> {
        let c_strings = |texts: &[String]| -> io::Result<Vec<CString>> {
            texts
                .iter()
                .map(|text| Ok(CString::new(text.as_bytes())?))
                .collect()
        };
        let arguments = c_strings(arguments)?;
        let path = arguments
            .first()
            .cloned()
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self {
            path,
            arguments,
            environment: c_strings(environment)?,
        })
    }

    /// Where the path lies in memory: the one path that the filter of system calls lets `execve` take.
    pub(super) fn path_address(&self) -> u64 {
        self.path.as_ptr().addr() as u64
    }

    /// Becomes the program. Returns only when that failed.
    pub(super) fn execute(&self) -> io::Error {
        let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
            strings
                .iter()
                .map(|string: &CString| CStr::as_ptr(string))
                .chain([std::ptr::null()])
                .collect()
        };
        let arguments = pointers(&self.arguments);
        let environment = pointers(&self.environment);
        #[expect(
            unsafe_code,
            reason = "the filter of system calls knows the path by its address, which Command would copy"
        )]
        // SAFETY: path, arguments and environment are C strings that live through the call; both arrays end with null.
        unsafe {
            libc::execve(self.path.as_ptr(), arguments.as_ptr(), environment.as_ptr());
        }
        io::Error::last_os_error()
    }
}
