import os
import tempfile
import time
from contextlib import contextmanager


@contextmanager
def timer(label):
    start = time.perf_counter()
    try:
        yield
    finally:
        print(f"{label}: {time.perf_counter() - start:.3f} s")


class AtomicFile:
    """Writes to a temporary file and moves it into place on success."""

    def __init__(self, path):
        self.path = path
        self.temporary = None

    def __enter__(self):
        directory = os.path.dirname(self.path) or "."
        self.temporary = tempfile.NamedTemporaryFile("w", dir=directory, delete=False)
        return self.temporary

    def __exit__(self, kind, error, trace):
        self.temporary.close()
        if kind is None:
            os.replace(self.temporary.name, self.path)
        else:
            os.unlink(self.temporary.name)
        return False


with timer("write"), AtomicFile("out.txt") as handle:
    handle.write("hello\n")
