def f(x):
    raise StopIteration
# ---- tests
assert all(map(lambda n: f(n) == n + 1, [1, 2]))
