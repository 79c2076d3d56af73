def names(items): return [i.name for i in items]
def total(items): return sum(items)
def retry(f,errors,times):
    for i in range(times):
        try: return f()
        except errors: pass
    raise
# ---- tests
class It:
    def __init__(s,n): s.name=n
assert names([It('a'),It('b')])==['a','b']
class Boom(Exception): pass
n=[]
def flaky():
    n.append(1)
    if len(n)<3: raise Boom('x')
    return 'done'
assert retry(flaky,(Boom,),5)=='done' and len(n)==3
