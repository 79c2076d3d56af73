from dataclasses import dataclass, field
@dataclass(order=True)
class P:
    x:int
    y:int=0
    tags:list=field(default_factory=list)
@dataclass(frozen=True)
class F:
    a:int
# ---- tests
from dataclasses import asdict, FrozenInstanceError
assert P(1,2)==P(1,2)
assert asdict(P(1))=={'x':1,'y':0,'tags':[]}
assert repr(P(1))=='P(x=1, y=0, tags=[])'
assert P(1)<P(2)
try:
    F(1).a=2
    assert False
except FrozenInstanceError: pass
assert vars(P(1))['x']==1
