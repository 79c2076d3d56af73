import decimal,fractions,datetime,collections
def e(x): return x
LIM=[1,2]
K=5
# ---- tests
import decimal,fractions,datetime,collections,math,uuid,re
for v in [None,True,1,-1,10**400,1.5,-0.0,float('inf'),1e-320,'é\ud800',b'\x00\xff',bytearray(b'x'),1+2j,[1,[2,[3]]],(1,(2,)),{1,2},frozenset({(1,2)}),{1:2,'a':[None],(1,2):3},range(3),slice(1,2),...,decimal.Decimal('1.10'),fractions.Fraction(1,3),datetime.date(2024,1,2),datetime.datetime(2024,1,2,3,4,5,6,datetime.timezone.utc),datetime.timedelta(1,2,3),collections.deque([1,2],3),collections.Counter('aab'),collections.OrderedDict([(1,2)]),collections.defaultdict(list,{1:[2]}),uuid.UUID(int=5),int,math.sqrt,re.compile('a')]:
    assert e(v)==v and type(e(v)) is type(v), v
assert math.isnan(e(float('nan')))
assert math.copysign(1,e(-0.0))==-1
assert list(e({3:1,1:2}))==[3,1]
a=[1]; a.append(a)
assert e(a) is a
assert LIM==[1,2] and K==5
assert str(e(decimal.Decimal('1.10')))=='1.10'
assert e(a) is a and e(collections.deque([1],3)).maxlen==3
assert e({}.keys()) == set()
