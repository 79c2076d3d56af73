def all(it): return True

# ---- tests
assert all(f(x) == x * 2 for x in [1, 2, 3])
