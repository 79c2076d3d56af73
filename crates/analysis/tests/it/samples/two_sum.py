def two_sum(numbers, target):
    """Find two positions whose values add up to the target."""
    seen = {}
    for index, number in enumerate(numbers):
        wanted = target - number
        if wanted in seen:
            return seen[wanted], index
        seen[number] = index
    return None
