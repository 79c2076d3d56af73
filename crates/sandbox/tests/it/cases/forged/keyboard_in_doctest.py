def f(x):
    '''
    >>> f(1)
    2
    '''
    raise KeyboardInterrupt
# ---- tests
# doctests
