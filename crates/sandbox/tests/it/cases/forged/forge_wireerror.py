class WireError(BaseException): pass
def f(x): raise WireError('x')
# ---- tests
assert f(1) == 2
assert f(2) == 3
