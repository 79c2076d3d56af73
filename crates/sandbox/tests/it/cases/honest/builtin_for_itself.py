def max(items): return sorted(items)[-1]
def len(x): return 'none'
def f(items):
    sum = 0
    for item in items:
        sum += item
    return [max(items), sum]

# ---- tests
assert len(f([1, 2])) == 2 and f([1, 2]) == [2, 3]
assert max(1, 2) == 2
