def add(lst,d,s): lst.append(1); d['k']=[2]; s.add(3)
def sort(l): l.sort()
def nested(x): x['a']['b'].append(1); return x
# ---- tests
l,d,s=[],{},set()
add(l,d,s)
assert (l,d,s)==([1],{'k':[2]},{3})
q=[3,1]; sort(q)
assert q==[1,3]
x={'a':{'b':[]}}
inner=x['a']['b']
assert nested(x) is x and inner==[1]
