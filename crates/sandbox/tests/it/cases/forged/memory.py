def f(x):
    a=[]
    while True: a.append(bytearray(10**7))
# ---- tests
assert f(1) == 2
assert f(2) == 3
