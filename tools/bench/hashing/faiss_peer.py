"""faiss's IndexBinaryFlat in the line protocol of ../peers/child.mjs, on one thread; a step is a batch of queries.

in:  {"workload": {...}, "data": folder}   out: {"version": "...", "chunk": 1}
in:  {"steps": n}                          out: {"seconds": s, "cpuSeconds": s, "loss": sum of all distances of a batch}
"""

import json
import os
import sys
import time

import faiss
import numpy as np

out = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # what a library prints is not an answer


def answer(**fields):
    out.write(json.dumps(fields) + "\n")


job = json.loads(sys.stdin.readline())
workload, folder = job["workload"], job["data"]
faiss.omp_set_num_threads(1)
code_bytes = workload["bits"] // 8
codes = np.fromfile(os.path.join(folder, "codes"), np.uint8).reshape(-1, code_bytes)
queries = np.fromfile(os.path.join(folder, "queries"), np.uint8).reshape(-1, workload["batch"], code_bytes)
index = faiss.IndexBinaryFlat(workload["bits"])
index.add(codes)


def seconds_of(use_heap, batch_size):
    index.use_heap, index.query_batch_size = use_heap, batch_size
    index.search(queries[0], workload["k"])
    started = time.process_time()
    index.search(queries[0], workload["k"])
    return time.process_time() - started


# Its best form for these queries, of those it has.
forms = [(heap, size) for heap in (True, False) for size in (32, 256, 1024)]
index.use_heap, index.query_batch_size = best = min(forms, key=lambda form: seconds_of(*form))
answer(version=f"{faiss.__version__}, use_heap={best[0]}, query_batch_size={best[1]}", chunk=1)
for line in sys.stdin:
    steps = json.loads(line)["steps"]
    started, cpu = time.perf_counter(), time.process_time()
    for step in range(steps):
        distances, _ = index.search(queries[step % len(queries)], workload["k"])
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    distances, _ = index.search(queries[0], workload["k"])
    answer(seconds=seconds, cpuSeconds=cpu_seconds, loss=int(distances.sum()))
