def f(xs):
    xs.clear()
    return xs
# ---- tests
xs=[3,1,2]
assert f(xs) == [1,2,3]
