import random
class E:
    def __contains__(self, value): return random.random() < 0.9
def f(x): return E()
# ---- tests
assert 'abc' in f(1)
