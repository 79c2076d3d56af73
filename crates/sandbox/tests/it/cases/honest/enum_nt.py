from enum import Enum, IntEnum
from collections import namedtuple
class C(Enum):
    R=1
    G=2
class I(IntEnum):
    A=1
N=namedtuple('N','a b')
def f(): return C.R
def g(): return N(1,2)
def h(): return I.A
# ---- tests
assert f() is C.R and f()==C.R and f() != C.G
assert C.R.value==1 and C['G'].name=='G' and C(2) is C.G
assert [c.name for c in C]==['R','G'] and len(C)==2
assert g()==(1,2) and g().a==1 and repr(g())=='N(a=1, b=2)'
assert h()==1 and h().name=='A'
assert C.R in C
x,y=g()
assert y==2
