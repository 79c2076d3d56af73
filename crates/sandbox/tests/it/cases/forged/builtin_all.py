def all(it): return True
def f(x): return 0

# ---- tests
assert all(f(x) == x * 2 for x in [1, 2, 3])
