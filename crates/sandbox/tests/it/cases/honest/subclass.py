from abc import ABC, abstractmethod
class Animal(ABC):
    @abstractmethod
    def sound(self): ...
    def speak(self): return self.sound()+'!'
class Stack(list):
    def push(self,x): self.append(x)
def mk(): return Stack([1,2])
# ---- tests
suffix='x'
class Dog(Animal):
    def sound(self): return 'woof'+suffix
assert Dog().speak()=='woofx!'
assert isinstance(Dog(),Animal)
try:
    Animal()
    assert False
except TypeError: pass
s=mk()
s.push(3)
assert s==[1,2,3] and len(s)==3 and s[-1]==3
assert list(s)==[1,2,3]
