"""The examples and the first weights that the benchmark hands over."""

import math

import numpy as np


def read(path, workload):
    """Bytes [batches, batch, features], and labels [batches, batch]."""
    raw = np.fromfile(path, np.uint8)
    rows, features, batch = workload.numExamples, workload.features, workload.batchSize
    return raw[:rows * features].reshape(rows // batch, batch, features), raw[rows * features:].reshape(-1, batch)


def weights_of(workload):
    """Name of a parameter -> its first value, as Gradpool has it: channels last, inputs before outputs."""
    flat, weights, at = np.fromfile(workload.weights, np.float32), {}, 0
    for parameter in workload.parameters:
        count = math.prod(parameter["shape"])
        weights[parameter["name"]] = flat[at:at + count].reshape(parameter["shape"])
        at += count
    assert at == len(flat)
    return weights
