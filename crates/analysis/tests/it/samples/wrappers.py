import functools
from contextlib import contextmanager


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        start = clock()
        result = function(*args, **kwargs)
        print(clock() - start)
        return result

    return wrapper


def repeat(times):
    def decorate(function):
        def wrapper(*args):
            for _ in range(times):
                function(*args)
        return wrapper
    return decorate


@contextmanager
def opened(path):
    handle = open(path)
    try:
        yield handle
    finally:
        handle.close()


def read(path):
    with opened(path) as handle:
        for line in handle:
            yield line.strip()
