class Trie:
    def __init__(s): s.w=set()
    def insert(s,x): s.w.add(x)
    def __contains__(s,x): return x in s.w
# ---- tests
t=Trie(); t.insert('abc')
assert 'abc' in t and 'ab' not in t
