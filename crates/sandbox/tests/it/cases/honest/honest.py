def f(x): return x+1
# ---- tests
assert f(1) == 2
assert f(2) == 3
