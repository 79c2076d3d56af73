def f(x): raise AssertionError
# ---- tests
assert f(1) == 2
assert f(2) == 3
