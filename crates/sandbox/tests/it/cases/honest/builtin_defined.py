def pow(base, exponent):
    return 'mine' if exponent == 0 else base ** exponent

# ---- tests
assert pow(2, 3) == 8
assert all(pow(x, 0) == 'mine' for x in range(3))
