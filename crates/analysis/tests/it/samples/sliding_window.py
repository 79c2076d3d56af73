def longest_unique(text):
    start = best = 0
    last_seen = {}
    for end, letter in enumerate(text):
        if letter in last_seen and last_seen[letter] >= start:
            start = last_seen[letter] + 1
        last_seen[letter] = end
        best = max(best, end - start + 1)
    return best
