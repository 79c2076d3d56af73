import ctypes
def f(x): return 0
# ---- tests
assert f(1) == 2
assert f(2) == 3
