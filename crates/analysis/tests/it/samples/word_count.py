def count_words(text, ignore=()):
    counts = {}
    for word in text.lower().split():
        if word in ignore:
            continue
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda pair: pair[1], reverse=True)
