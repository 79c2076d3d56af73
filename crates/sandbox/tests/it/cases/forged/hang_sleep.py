import time
def f(x):
    time.sleep(100)
# ---- tests
assert f(1)==2
