n=0
def f(x):
    global n
    n+=1
    while n==3: pass
    return x+1
# ---- tests
assert f(1)==2
assert f(2)==3
assert f(3)==4
