def f(x):
    '''
    >>> f(1)
    2
    >>> f('a')
    Traceback (most recent call last):
    ...
    TypeError: can only concatenate str (not "int") to str
    >>> p(3)
    3
    >>> V(1)
    V(1)
    '''
    return x+1
def p(x): print(x)
class V:
    def __init__(s,a): s.a=a
    def __repr__(s): return f'V({s.a})'
# ---- tests
# doctests
