"""The report's six experiments in JAX (tools/oracles/catalogue_jax.py), on as many processes as there are cores.

    python catalogue_jax_cores.py DATA [EPOCHS]

The longest experiments go first; the two that share an encoder stay together, so that it is trained once. Prints the
accuracies as JSON.
"""

import copy
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../oracles"))

JOBS = [("mnist_auto_2",), ("mnist_auto_3",), ("mnist_auto_1", "mnist_auto_fix"), ("mnist_mlp_all",), ("mnist_mlp_1p",)]


def run(names, folder, epochs):
    import catalogue_jax

    preset = copy.deepcopy(catalogue_jax.PRESETS["report"])
    for stage in ("autoencode", "classifyAll", "classify1p"):
        preset[stage]["epochs"] = epochs or preset[stage]["epochs"]
    global data
    if "data" not in globals():
        data = catalogue_jax.load(folder, 0)
    return {name: result["accuracy"] for name, result in catalogue_jax.run(data, preset, 0, names).items()}


def main():
    folder, epochs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    os.environ["PJRT_NPROC"] = "1"  # a thread a process
    out, sys.stdout = sys.stdout, sys.stderr
    os.dup2(os.dup(1), 3)
    os.dup2(2, 1)  # what the experiments print is not the answer
    accuracies = {}
    with ProcessPoolExecutor(min(cores, len(JOBS)), mp_context=get_context("spawn")) as pool:
        for part in [pool.submit(run, names, folder, epochs) for names in JOBS]:
            accuracies.update(part.result())
    os.dup2(3, 1)
    print(json.dumps(accuracies), file=out)


if __name__ == "__main__":
    main()
