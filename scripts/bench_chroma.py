"""Measures Chroma over given vectors; the peer in `make bench`.

usage: bench_chroma.py VECTORS QUERIES FOLDER RESULT FEWER SECONDS_MAX
       bench_chroma.py --reopen FOLDER QUERIES

VECTORS and QUERIES hold little-endian f32, 384 numbers a vector. RESULT becomes a JSON file. When inserting everything
would take more than SECONDS_MAX, only the first FEWER vectors are used. Nothing here reaches the network: telemetry is
off and the vectors are given, so no embedding model is asked for.
"""

import json
import os
import subprocess
import sys
import time

os.environ["ANONYMIZED_TELEMETRY"] = "False"

import chromadb  # noqa: E402  (the variable above must be set first)
import numpy  # noqa: E402

DIMENSIONS = 384
BATCH = 1000
WANTED = 10
WARM_UP = 20
SINGLE = 20
FILTERED = 100
LANGUAGES = ["python", "javascript", "cpp", "rust"]
NAME = "bench"


def read_vectors(path):
    return numpy.fromfile(path, dtype="<f4").reshape(-1, DIMENSIONS)


def open_client(folder):
    return chromadb.PersistentClient(path=folder, settings=chromadb.Settings(anonymized_telemetry=False))


def add(collection, vectors, start, end):
    collection.add(
        ids=[str(at) for at in range(start, end)],
        embeddings=vectors[start:end],
        metadatas=[{"language": LANGUAGES[at % 4]} for at in range(start, end)],
    )


def search(collection, query, where=None):
    """The ids of the nearest."""
    result = collection.query(query_embeddings=[query], n_results=WANTED, where=where, include=["distances"])
    return [int(name) for name in result["ids"][0]]


def insert(collection, vectors, query, fewer, seconds_max):
    """Inserts all vectors, or `fewer` when all would take too long; returns how many and the seconds spent.

    The graph is brought up to date by the next search, so one belongs to the time.
    """
    total = len(vectors)
    began = time.perf_counter()
    done = 0
    while done < total:
        end = min(done + BATCH, total)
        add(collection, vectors, done, end)
        done = end
        # The graph gets slower as it grows, so what the first part took is a lower bound for the rest.
        if done == fewer:
            search(collection, query)
            if (time.perf_counter() - began) * total / done > seconds_max:
                break
    search(collection, query)
    return done, time.perf_counter() - began


def timed_queries(collection, queries, where=None):
    for query in queries[:WARM_UP]:
        search(collection, query, where)
    seconds, found = [], []
    for query in queries:
        began = time.perf_counter()
        ids = search(collection, query, where)
        seconds.append(time.perf_counter() - began)
        found.append(ids)
    return seconds, found


def timed_singles(collection, vectors, count):
    """Seconds of inserting one, then deleting one, each with the search that shows it."""
    inserts, deletes = [], []
    for at in range(SINGLE):
        began = time.perf_counter()
        collection.add(ids=[f"{count + at}"], embeddings=vectors[at : at + 1], metadatas=[{"language": "go"}])
        ids = search(collection, vectors[at])
        inserts.append(time.perf_counter() - began)
        assert count + at in ids, "an inserted vector is not found"
    for at in range(SINGLE):
        began = time.perf_counter()
        collection.delete(ids=[f"{count + at}"])
        ids = search(collection, vectors[at])
        deletes.append(time.perf_counter() - began)
        assert count + at not in ids, "a deleted vector is still found"
    return inserts, deletes


def reopen(folder, queries):
    """Prints the seconds from opening the folder to the first search answered; importing is over by then."""
    query = read_vectors(queries)[0]
    began = time.perf_counter()
    collection = open_client(folder).get_collection(NAME, embedding_function=None)
    search(collection, query)
    print(time.perf_counter() - began)


def main():
    if sys.argv[1] == "--reopen":
        return reopen(*sys.argv[2:4])
    held, asked, folder, result_path = sys.argv[1:5]
    fewer, seconds_max = int(sys.argv[5]), float(sys.argv[6])
    vectors, queries = read_vectors(held), read_vectors(asked)
    collection = open_client(folder).create_collection(
        NAME, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    count, spent = insert(collection, vectors, queries[0], fewer, seconds_max)
    query_seconds, found = timed_queries(collection, queries)
    filtered_seconds, _ = timed_queries(collection, queries[:FILTERED], {"language": "python"})
    inserts, deletes = timed_singles(collection, queries, count)
    command = [sys.executable, __file__, "--reopen", folder, asked]
    reopened = subprocess.run(command, check=True, capture_output=True, text=True)
    result = {
        "version": chromadb.__version__,
        "count": count,
        "inserts_per_second": count / spent,
        "query_seconds": query_seconds,
        "found": found,
        "filtered_seconds": filtered_seconds,
        "insert_one_seconds": inserts,
        "delete_one_seconds": deletes,
        "reopen_seconds": float(reopened.stdout.split()[-1]),
    }
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(result, file)
    return None


if __name__ == "__main__":
    main()
