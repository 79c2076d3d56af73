def g(n):
    for i in range(n): yield i
def total(it): return sum(it)
import contextlib
@contextlib.contextmanager
def cm(log):
    log.append('in')
    yield 5
    log.append('out')
class T:
    def __enter__(s): s.on=True; return s
    def __exit__(s,*a): s.on=False; return True
# ---- tests
assert list(g(3))==[0,1,2]
it=g(2)
assert next(it)==0 and next(it)==1
try:
    next(it)
    assert False
except StopIteration: pass
assert total(x*x for x in range(4))==14
assert total(g(4))==6
log=[]
with cm(log) as v: assert v==5
assert log==['in','out'], log
with T() as t: assert t.on; raise ValueError
assert not t.on
import types
assert [a for a,b in zip(g(9),'ab')]==[0,1]
assert hasattr(g(1),'__next__')
