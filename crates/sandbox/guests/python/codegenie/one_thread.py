"""Threads and processes for a place that has neither: a thread runs when it is started, and a process is refused.

What waits for another thread would wait for ever, so it fails at once and says why.
"""

import concurrent.futures
import errno
import os
import sys
import threading
import time


def _start(self):
    if self._started.is_set():
        raise RuntimeError("threads can only be started once")
    self._started.set()
    try:
        self.run()
    except SystemExit:
        pass
    except BaseException:
        threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self)))
    finally:
        self._is_over = True


def _join(self, timeout=None):
    if not self._started.is_set():
        raise RuntimeError("cannot join thread before it is started")


def _wait(self, timeout=None):
    """In place of `Condition.wait`, by which queues, events, semaphores and barriers wait."""
    if timeout is not None:
        time.sleep(max(timeout, 0))
        return False
    raise RuntimeError("this waits for another thread, and there is none: a thread runs to its end when it is started here")


class InlineExecutor(concurrent.futures.Executor):
    """Does at once what is submitted."""

    def __init__(self, max_workers=None, *args, **kwargs):
        self._max_workers = max_workers or 1
        self._is_shut_down = False

    def submit(self, function, /, *args, **kwargs):
        if self._is_shut_down:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._is_shut_down = True


def _refuse(*args, **kwargs):
    raise PermissionError(errno.EPERM, "there are no processes here")


def install():
    """Replaces what would need the operating system."""
    threading.Thread.start = _start
    threading.Thread.join = _join
    threading.Condition.wait = _wait
    threading.Thread.is_alive = lambda self: self._started.is_set() and not getattr(self, "_is_over", False)
    InlineExecutor.__name__ = InlineExecutor.__qualname__ = "ThreadPoolExecutor"
    concurrent.futures.ThreadPoolExecutor = InlineExecutor
    for name in ("system", "popen", "fork", "execv", "execve", "execvp", "spawnl", "kill"):
        if not hasattr(os, name) or name == "popen":
            setattr(os, name, _refuse)
