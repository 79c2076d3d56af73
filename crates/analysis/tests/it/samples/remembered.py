def edit_distance(a, b, memo=None):
    if memo is None:
        memo = {}

    def solve(i, j):
        if i == len(a):
            return len(b) - j
        if j == len(b):
            return len(a) - i
        if (i, j) in memo:
            return memo[(i, j)]
        if a[i] == b[j]:
            cost = solve(i + 1, j + 1)
        else:
            cost = 1 + min(solve(i + 1, j), solve(i, j + 1), solve(i + 1, j + 1))
        memo[(i, j)] = cost
        return cost

    return solve(0, 0)


def climb(n, cache={}):
    if n in cache:
        return cache[n]
    if n <= 2:
        return n
    cache[n] = climb(n - 1, cache) + climb(n - 2, cache)
    return cache[n]


def power(base, exponent):
    if exponent == 0:
        return 1
    half = power(base, exponent // 2)
    return half * half * (base if exponent % 2 else 1)
