class Interval:
    def __init__(self, low, high): self.low, self.high = low, high
    def __contains__(self, value): return self.low <= value <= self.high
class Even:
    def __contains__(self, value): return value % 2 == 0
class Bag:
    def __init__(self, *things): self.things = list(things)
    def __iter__(self): return iter(self.things)
    def __len__(self): return len(self.things)
    def __contains__(self, thing): return thing in self.things
class Names:
    def __init__(self, *names): self.names = {name.lower(): name for name in names}
    def __iter__(self): return iter(self.names.values())
    def __contains__(self, name): return name.lower() in self.names
class Endless:
    def __iter__(self):
        n = 0
        while True:
            yield n
            n += 1
    def __contains__(self, value): return value >= 0
def bag(): return Bag(1, 'a', (2, 3), 2.5)
# ---- tests
assert 5 in Interval(0, 10) and 11 not in Interval(0, 10)
assert 2.5 in Interval(0, 10)
assert 4 in Even() and 3 not in Even()
assert 1 in bag() and 'a' in bag() and (2, 3) in bag() and 2.5 in bag()
assert 2 not in bag() and 'b' not in bag() and (3, 2) not in bag()
assert 'ANNA' in Names('Anna') and 'anna' in Names('Anna') and 'eve' not in Names('Anna')
assert 5 in Endless() and -1 not in Endless()
