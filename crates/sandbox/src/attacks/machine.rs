//! Attacks with the means of machine code: system calls by number, libraries, inherited files, the harness's own channel.

use super::{Attack, NATIVE, Stop, python};

pub(super) const ATTACKS: &[Attack] = &[
    python("make system calls by number", NATIVE, Stop::Prints(""), "
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() != 'x86_64'
# name: (x86-64, others, arguments)
calls = {
    'socket': (41, 198, (2, 1, 0)), 'fork': (57, 220, (17, 0, 0, 0, 0)), 'vfork': (58, 220, (0x4111, 0, 0, 0, 0)), 'clone3': (435, 435, (0, 88)),
    'ptrace': (101, 117, (0, 0, 0, 0)), 'process_vm_readv': (310, 270, (@PID@, 0, 0, 0, 0, 0)), 'setuid': (105, 146, (0,)), 'setsid': (112, 157, ()),
    'setpgid': (109, 154, (0, 0)), 'setgroups': (116, 159, (0, 0)), 'capset': (126, 91, (0, 0)), 'personality': (135, 92, (0xffffffff,)), 'pivot_root': (155, 41, (0, 0)),
    'chroot': (161, 51, (b'/',)), 'mount': (165, 40, (b'none', b'/program', b'tmpfs', 0, 0)), 'umount2': (166, 39, (b'/program', 2)),
    'swapon': (167, 224, (0, 0)), 'reboot': (169, 142, (0, 0, 0, 0)), 'sethostname': (170, 161, (b'x', 1)), 'init_module': (175, 105, (0, 0, 0)),
    'add_key': (248, 217, (b'user', b'x', b'x', 1, -3)), 'keyctl': (250, 219, (0, -3, 1)), 'unshare': (272, 97, (0x10000000,)), 'perf_event_open': (298, 241, (0, 0, -1, -1, 0)),
    'name_to_handle_at': (303, 264, (-100, b'/', 0, 0, 0)), 'open_by_handle_at': (304, 265, (-100, 0, 0)), 'setns': (308, 268, (3, 0)), 'seccomp': (317, 277, (2, 0, 0)),
    'memfd_create': (319, 279, (b'x', 0)), 'kexec_load': (246, 104, (0, 0, 0, 0)), 'bpf': (321, 280, (0, 0, 0)), 'execveat': (322, 281, (-100, b'/bin/sh', 0, 0, 0)),
    'userfaultfd': (323, 282, (0,)), 'io_uring_setup': (425, 425, (1, 0)), 'open_tree': (428, 428, (-100, b'/', 1)), 'fsopen': (430, 430, (b'tmpfs', 0)),
    'pidfd_open': (434, 434, (1, 0)), 'pidfd_getfd': (438, 438, (3, 0, 0)), 'process_madvise': (440, 440, (3, 0, 0, 0, 0)), 'mount_setattr': (442, 442, (-100, b'/', 0, 0, 0)),
    'landlock_create_ruleset': (444, 444, (0, 0, 1)), 'memfd_secret': (447, 447, (0,)), 'prctl death': (157, 167, (1, 0, 0, 0, 0)), 'prctl dumpable': (157, 167, (4, 1, 0, 0, 0)),
    'tkill': (200, 130, (1, 0)), 'rt_sigqueueinfo': (129, 138, (1, 0, 0)), 'prlimit of another': (302, 261, (2, 7, 0, 0)), 'modify_ldt': (154, 444, (0, 0, 0)),
    'sendmsg': (46, 211, (3, 0, 0)), 'connect': (42, 203, (3, 0, 0)), 'shmget': (29, 194, (0, 4096, 0o1600)), 'mq_open': (240, 180, (b'x', 0o102, 0o600, 0)), 'ioperm': (173, 444, (0, 1, 1)),
}
for name, (intel, other, arguments) in calls.items():
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(other if arm else intel), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    # Anything but 'not permitted' and 'no such call' means that the kernel looked at it.
    if result != -1 or ctypes.get_errno() not in (1, 38):
        print(name, result, ctypes.get_errno(), flush=True)
    if name == 'fork' and result == 0:
        os._exit(0)
"),
    python("become the administrator", NATIVE, Stop::Silent, "
import os
for become in (os.setuid, os.setgid, os.seteuid, os.setegid, lambda n: os.setresuid(n, n, n), lambda n: os.setgroups([n])):
    try:
        become(0)
    except OSError:
        pass
if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()):
    print('REACHED')
"),
    python("load a library that it wrote", NATIVE, Stop::Silent, "
import ctypes, math, os, shutil, sys
origin = next(os.path.join(folder, name) for path in sys.path for folder in (path, os.path.join(path, 'lib-dynload')) if os.path.isdir(folder)
              for name in os.listdir(folder) if name.endswith('.so'))
with open(origin, 'rb') as old, open('library.so', 'wb') as new:
    new.write(old.read())
ctypes.CDLL(os.path.abspath('library.so'))
print('REACHED')
"),
    python("run a program that it wrote", NATIVE, Stop::Silent, "
import os
with open('program', 'w') as file:
    file.write('#!/bin/sh' + chr(10) + 'echo REACHED')
os.chmod('program', 0o755)
os.execv('./program', ['program'])
"),
    python("use files of the server that are open", NATIVE, Stop::Prints("3\n"), "
import os
for number in range(3, 1024):
    try:
        os.fstat(number)
        print(number)
    except OSError:
        pass
"),
    python("raise its own bounds", NATIVE, Stop::Silent, "
import resource
for name in ('RLIMIT_AS', 'RLIMIT_DATA', 'RLIMIT_CPU', 'RLIMIT_FSIZE', 'RLIMIT_NOFILE', 'RLIMIT_CORE', 'RLIMIT_STACK'):
    number = getattr(resource, name)
    soft, hard = resource.getrlimit(number)
    try:
        resource.setrlimit(number, (hard + 1, hard + 1))
        print('REACHED', name)
    except (OSError, ValueError):
        pass
"),
    python("send nonsense to the host", NATIVE, Stop::Silent, "
import os
for payload in (b'F' + bytes([255] * 4), b'E' + bytes(4), b'', bytes(1 << 20), os.urandom(1 << 16)):
    try:
        os.write(3, payload)
    except OSError:
        pass
"),
    python("send figures without end", NATIVE, Stop::Fails, "
import os
picture = bytes([137]) + b'PNG' + bytes([13, 10, 26, 10]) + bytes(1 << 20)
frame = b'F' + len(picture).to_bytes(4, 'little') + picture
while True:
    view = memoryview(frame)
    while view:
        view = view[os.write(3, view):]
"),
    python("close every file it was given", NATIVE, Stop::Silent, "
import os
for number in range(16):
    try:
        os.close(number)
    except OSError:
        pass
"),
    python("crash the interpreter", NATIVE, Stop::Fails, "
import ctypes
ctypes.string_at(0)
"),
];
