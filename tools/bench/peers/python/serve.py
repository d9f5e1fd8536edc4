"""The child's side of the line protocol: one JSON object a line, on stdin and stdout (see ../child.mjs).

in:  {"workload": {...}, "data": file}   out: {"version": "...", "chunk": n}   steps come in multiples of chunk
in:  {"steps": n}                        out: {"seconds": s, "cpuSeconds": s, "loss": x, "peakMB": m}
"""

import json
import os
import resource
import sys
import time
from types import SimpleNamespace


def read(path, workload):
    """Pixels as float32 [batches, batch, features] in 0..1, and labels as int32 [batches, batch]."""
    import numpy as np

    raw = np.fromfile(path, np.uint8)
    rows, features, batch = workload.numExamples, workload.layers[0], workload.batchSize
    pixels = (raw[:rows * features].astype(np.float32) / np.float32(255)).reshape(rows // batch, batch, features)
    return pixels, raw[rows * features:].astype(np.int32).reshape(rows // batch, batch)


def serve(make, read=read):
    """`make(workload, *read(path, workload))` gives (version, chunk, run); `run(steps)` trains and returns the last loss."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is not an answer

    def answer(**fields):
        out.write(json.dumps(fields) + "\n")

    job = json.loads(sys.stdin.readline())
    workload = SimpleNamespace(**job["workload"])
    version, chunk, run = make(workload, *read(job["data"], workload))
    answer(version=version, chunk=chunk)
    for line in sys.stdin:
        started, cpu = time.perf_counter(), time.process_time()
        loss = float(run(json.loads(line)["steps"]))
        answer(seconds=time.perf_counter() - started, cpuSeconds=time.process_time() - cpu, loss=loss,
               peakMB=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
