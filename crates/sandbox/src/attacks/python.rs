//! Attacks in Python on what every tier guards: time, memory, files, network, other processes.

use super::{Attack, BOTH, NATIVE, Stop, python};

pub(super) const ATTACKS: &[Attack] = &[
    python("fork without end", BOTH, Stop::Silent, "
import os
while True:
    os.fork()
    print('REACHED', flush=True)
"),
    python("start threads without end", BOTH, Stop::Silent, "
import threading, time
threading.stack_size(65536)
count = 0
try:
    while count < 5000:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        count += 1
finally:
    if count > 500:
        print('REACHED', count)
"),
    python("take all memory", BOTH, Stop::Fails, "
kept = []
while True:
    kept.append(bytearray(16 << 20))
"),
    python("take all memory at once", BOTH, Stop::Fails, "kept = bytearray(1 << 36)"),
    python("double an integer without end", BOTH, Stop::Fails, "
x = 3
while True:
    x *= x
"),
    python("fill the disk with files", BOTH, Stop::Silent, "
import os
total = 0
for n in range(100000):
    with open(f'f{n}', 'wb') as file:
        total += file.write(bytes(1 << 20))
    if total > 64 << 20:
        print('REACHED')
        break
"),
    python("fill the disk with one file", BOTH, Stop::Silent, "
import os
with open('big', 'wb') as file:
    file.truncate(1 << 40)
    print('REACHED', os.stat('big').st_size)
"),
    python("fill the disk with names", BOTH, Stop::Silent, "
for n in range(200000):
    open(f'n{n}', 'w').close()
    if n > 100000:
        print('REACHED')
        break
"),
    python("print without end", BOTH, Stop::IsCut, "
while True:
    print('x' * 4096)
"),
    python("print errors without end", BOTH, Stop::IsCut, "
import sys
while True:
    sys.stderr.write('x' * 4096 + chr(10))
"),
    python("sleep past the time", BOTH, Stop::TimesOut, "
import time
time.sleep(600)
"),
    python("loop past the time", BOTH, Stop::TimesOut, "
while True:
    pass
"),
    python("loop in a call of machine code", BOTH, Stop::Fails, "
sum(range(10 ** 15))
"),
    python("ignore every signal and sleep", BOTH, Stop::Fails, "
import signal, time
for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    time.sleep(600)
"),
    python("recurse without end", BOTH, Stop::Fails, "
import sys
sys.setrecursionlimit(10 ** 9)
def f(n):
    return f(n + 1) + 1
f(0)
"),
    python("read the machine's accounts", BOTH, Stop::Prints(""), "
for path in ('/etc/passwd', '/etc/shadow', '/etc/hosts', '/etc/machine-id'):
    try:
        print(open(path).read())
    except OSError:
        pass
"),
    python("read what the kernel says of processes", BOTH, Stop::Prints(""), "
import os
for path in ('/proc/1/environ', '/proc/self/environ', '/proc/self/maps', '/proc/self/mem', '/proc/self/cmdline', '/proc/@PID@/environ',
             '/proc/@PID@/root@CANARY@', '/proc/self/cwd', '/proc/self/root@CANARY@', '/proc/version', '/sys/kernel/notes'):
    try:
        print(open(path, 'rb').read(100))
    except OSError:
        pass
"),
    python("list the machine's folders", BOTH, Stop::Silent, "
import os
for path in ('/home', '/root', '/etc', '/var', os.path.expanduser('~'), '/tmp', '@FOLDER@', '..', '../..', '/proc', '/proc/@PID@/cwd'):
    try:
        print(path, os.listdir(path))
    except OSError:
        pass
try:
    os.stat('@CANARY@')
    os.open('@CANARY@', os.O_RDONLY)
    print('REACHED')
except OSError:
    pass
"),
    python("read the server's files", BOTH, Stop::Silent, "
import os, pathlib, io
for read in (lambda: open('@CANARY@').read(), lambda: os.read(os.open('@CANARY@', os.O_RDONLY), 999), lambda: pathlib.Path('@CANARY@').read_text(),
             lambda: io.FileIO('../../../../../..@CANARY@').read(), lambda: os.listdir('@FOLDER@')):
    try:
        print(read())
    except Exception:
        pass
"),
    python("write to the server's files", BOTH, Stop::Silent, "
import os, shutil
for write in (lambda: open('@CANARY@', 'w').write('x'), lambda: open('@CANARY@', 'a').write('x'), lambda: os.truncate('@CANARY@', 0), lambda: os.remove('@CANARY@'),
              lambda: os.rename('@CANARY@', '@FOLDER@/y'), lambda: open('@FOLDER@/z', 'w').write('x'), lambda: os.mkdir('@FOLDER@/d'),
              lambda: os.chmod('@CANARY@', 0o777), lambda: os.symlink('/', '@FOLDER@/l'), lambda: shutil.rmtree('@FOLDER@')):
    try:
        write()
    except Exception:
        pass
"),
    python("write outside of its folder", BOTH, Stop::Silent, "
import os, sys
for folder in ('/', '/tmp', '/dev/shm', '/var/tmp', '/usr', '/etc', '/home', '/root', '..', os.path.dirname(os.__file__ or '/') or '/'):
    try:
        with open(os.path.join(folder, 'codegenie-attack'), 'w') as file:
            file.write('x')
        if folder != '..' or os.path.abspath('..') != os.path.abspath('.'):
            print('REACHED', folder)
    except OSError:
        pass
"),
    python("reach files by symbolic links", BOTH, Stop::Silent, "
import os
for at, target in enumerate(('@CANARY@', '../../../../../../../..@CANARY@', '@FOLDER@', '/proc/self/root@CANARY@')):
    try:
        os.symlink(target, f'link{at}')
        print(os.listdir(f'link{at}') if target == '@FOLDER@' else open(f'link{at}').read())
    except OSError:
        pass
    try:
        open(f'link{at}', 'a').write('x')
    except OSError:
        pass
"),
    python("reach files by hard links", BOTH, Stop::Silent, "
import os
for act in (os.link, os.rename, os.replace):
    try:
        act('@CANARY@', 'mine')
        print(open('mine').read())
        print('REACHED')
    except OSError:
        pass
"),
    python("connect by TCP", BOTH, Stop::Silent, "
import socket
for address in ('127.0.0.1', 'localhost', '0.0.0.0', '::ffff:127.0.0.1'):
    try:
        socket.create_connection((address, @PORT@), timeout=0.2).send(b'x')
        print('REACHED')
    except Exception:
        pass
"),
    python("send by UDP", BOTH, Stop::Silent, "
import socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', @UDP@))
except Exception:
    pass
"),
    python("listen for connections", BOTH, Stop::Silent, "
import socket
try:
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen()
    print('REACHED')
except Exception:
    pass
"),
    python("connect to sockets of the machine", BOTH, Stop::Silent, "
import socket
for address in ('@FOLDER@/socket', chr(0) + '@ABSTRACT@', '/var/run/docker.sock', '/run/systemd/private'):
    for kind in ('SOCK_STREAM', 'SOCK_DGRAM'):
        try:
            client = socket.socket(socket.AF_UNIX, getattr(socket, kind))
            client.connect(address)
            client.send(b'x')
            print('REACHED', address)
        except Exception:
            pass
"),
    python("signal other processes", BOTH, Stop::Silent, "
import os, signal
for pid in (-1, @PID@, 2, os.getppid() if hasattr(os, 'getppid') else 2):
    if pid == 0:
        continue
    try:
        os.kill(pid, 18)
        print('REACHED', pid)
    except Exception:
        pass
"),
    python("read the server's environment", BOTH, Stop::Bare, "
import os
print(dict(os.environ))
try:
    print(open('/proc/self/environ').read())
except OSError:
    pass
"),
    python("run another program", BOTH, Stop::Silent, "
import os, subprocess, sys
for run in (lambda: os.system('echo REACHED'), lambda: print(subprocess.run(['/bin/echo', 'REACHED'], capture_output=True).stdout),
            lambda: os.posix_spawn('/bin/echo', ['echo', 'REACHED'], {}), lambda: os.execv('/bin/echo', ['echo', 'REACHED'])):
    try:
        run()
    except Exception:
        pass
"),
    python("start the interpreter anew", NATIVE, Stop::Silent, "
import os, sys
for program in (sys.executable, os.path.realpath(sys.executable)):
    try:
        os.execv(program, [program, '-c', 'print(\"REACHED\")'])
    except OSError:
        pass
"),
];
