import sys
def f(x):
    fr=sys._getframe()
    while fr:
        for k,v in list(fr.f_locals.items()):
            pass
        fr=fr.f_back
    return 0
# ---- tests
assert f(1) == 2
assert f(2) == 3
