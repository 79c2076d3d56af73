def f(x) return
# ---- tests
assert f(1) == 2
assert f(2) == 3
