class TimeoutError(Exception): pass
def f(): raise TimeoutError('late')

# ---- tests
try:
    f()
    assert False
except TimeoutError as error:
    assert str(error) == 'late'
