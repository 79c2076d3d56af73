def f(x): return f(x)
# ---- tests
assert f(1) == 2
assert f(2) == 3
