def f(x): return float('nan')
# ---- tests
assert f(1) == 2
assert f(2) == 3
