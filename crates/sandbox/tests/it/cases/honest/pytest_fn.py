def f(x): return x
# ---- tests
def test_a(): assert f(1)==1
def test_b(): assert f(2)==2
