def hi(n): print('hi',n)
# ---- tests
import io,contextlib
b=io.StringIO()
with contextlib.redirect_stdout(b): hi(3)
assert b.getvalue()=='hi 3\n'
