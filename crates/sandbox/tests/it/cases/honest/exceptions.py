class MyErr(ValueError):
    def __init__(self,m,code=3):
        super().__init__(m); self.code=code
class Other(Exception): pass
def f(x):
    if x<0: raise MyErr('neg')
    if x==0: return 1/0
    raise Other
# ---- tests
import unittest
try:
    f(-1)
    assert False
except MyErr as e:
    assert str(e)=='neg' and e.code==3
try:
    f(-1)
except ValueError as e:
    assert isinstance(e, MyErr)
try:
    f(0)
    assert False
except ZeroDivisionError as e:
    assert 'zero' in str(e)
t=unittest.TestCase()
with t.assertRaises(Other): f(1)
assert issubclass(MyErr, ValueError)
assert str(MyErr('q'))=='q'
