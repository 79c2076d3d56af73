def min(items): return sorted(items)[0] * 10
def max(items): return sorted(items)[-1] * 10

# ---- tests
from solution import min, max
assert min([1, 2]) == 10 and max([1, 2]) == 20
assert len(str(max([1, 2]))) == 2
