class Vector:
    def __init__(self,x,y): self.x=x; self.y=y
    def __eq__(self,o): return isinstance(o,Vector) and (self.x,self.y)==(o.x,o.y)
    def __hash__(self): return hash((self.x,self.y))
    def __add__(self,o): return Vector(self.x+o.x,self.y+o.y)
    def __sub__(self,o): return Vector(self.x-o.x,self.y-o.y)
    def __mul__(self,k): return Vector(self.x*k,self.y*k)
    __rmul__=__mul__
    def __repr__(self): return f'Vector({self.x}, {self.y})'
    def __abs__(self): return (self.x**2+self.y**2)**.5
    def __iter__(self): return iter((self.x,self.y))
    def __lt__(self,o): return abs(self)<abs(o)
    def __bool__(self): return bool(self.x or self.y)
    def __getitem__(self,i): return (self.x,self.y)[i]
    def __len__(self): return 2
    @classmethod
    def zero(cls): return cls(0,0)
    @property
    def norm(self): return abs(self)
# ---- tests
assert Vector(1,2) == Vector(1,2)
assert Vector(1,2) != Vector(1,3)
assert Vector(1,2)+Vector(1,1) == Vector(2,3)
assert Vector(1,2)*2 == Vector(2,4)
assert 2*Vector(1,2) == Vector(2,4)
assert str(Vector(1,2)) == 'Vector(1, 2)'
assert abs(Vector(3,4)) == 5.0
x, y = Vector(7,8)
assert (x,y) == (7,8)
assert list(Vector(1,2)) == [1,2]
assert {Vector(1,2): 1}[Vector(1,2)] == 1
assert sorted([Vector(3,4), Vector(0,1)])[0].y == 1
assert not Vector.zero()
assert Vector(3,4).norm == 5
v = Vector(1,1); v.x = 10
assert v.x == 10 and v[0] == 10 and len(v) == 2
assert isinstance(v, Vector) and type(v) is Vector
assert max(Vector(1,1), Vector(2,2)) == Vector(2,2)
assert [Vector(1,2)] == [Vector(1,2)]
assert len({Vector(1,2), Vector(1,2)}) == 1
assert hasattr(v, 'norm') and not hasattr(v, 'nope')
assert v is v
try:
    v.nope
    assert False
except AttributeError: pass
try:
    Vector(1)
    assert False
except TypeError: pass
