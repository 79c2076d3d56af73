def apply(fs,x):
    return [f(x) for f in fs]
def by(items,key): return sorted(items,key=key)
def memo(f):
    c={}
    import functools
    @functools.wraps(f)
    def w(*a):
        if a not in c: c[a]=f(*a)
        return c[a]
    w.cache=c
    return w
def ident(f): return f
class P:
    def __init__(s,n): s.n=n
    def get(s): return s.n
# ---- tests
calls=[]
def sq(x):
    calls.append(x)
    return x*x
assert apply([sq,abs,lambda v: v+1],-3)==[9,3,-2]
assert calls==[-3]
m=memo(sq)
assert m(4)==16 and m(4)==16 and calls==[-3,4]
assert m.__name__=='sq'
assert by([P(3),P(1)], key=lambda p: p.get())[0].n==1
assert ident(sq) is sq
@memo
def fib(n): return n if n<2 else fib(n-1)+fib(n-2)
assert fib(20)==6765
from unittest.mock import Mock
k=Mock(return_value=5)
assert apply([k],1)==[5]
k.assert_called_once_with(1)
count=0
def bump(x):
    global count
    count+=1
    return count
assert apply([bump,bump],0)==[1,2] and count==2
def boom(x): raise KeyError('b')
try:
    apply([boom],1)
    assert False
except KeyError as e: assert e.args==('b',)
