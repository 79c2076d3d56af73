def f(x): return x
# ---- tests
import unittest
class T(unittest.TestCase):
    def test_a(self): self.assertEqual(f(1),2)
