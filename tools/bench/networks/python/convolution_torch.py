"""PyTorch's side of the convolution alone, channels last in memory."""

import math

import numpy as np
import torch
from torch.nn import functional

from serve import serve


def read(path, workload):
    flat, arrays, at = np.fromfile(path, np.float32), {}, 0
    for name, shape in workload.shapes.items():
        arrays[name] = torch.from_numpy(flat[at:at + math.prod(shape)].reshape(shape))
        at += math.prod(shape)
    return arrays,


def make(workload, arrays):
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    # Channels last in memory, though not by their name.
    x, gradient = arrays["x"].permute(0, 3, 1, 2), arrays["gradient"].permute(0, 3, 1, 2)
    weight = arrays["filter"].permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    wanted = {"input’s gradient": (True, False), "filter’s gradient": (False, True)}.get(workload.op)

    def once():
        if wanted is None:
            return functional.conv2d(x, weight, padding=2)
        found = torch.ops.aten.convolution_backward(
            gradient, x, weight, None, [1, 1], [2, 2], [1, 1], False, [0, 0], 1, [*wanted, False])
        return found[0] if wanted[0] else found[1]

    def run(steps):
        with torch.inference_mode():
            for _ in range(steps):
                made = once()
            # The first row in Gradpool's order of axes: of the first example, or of taps.
            row = made[0] if wanted != (False, True) else made[:, :, 0]
            return float((row.double() ** 2).sum())

    return torch.__version__, 1, run


if __name__ == "__main__":
    serve(make, read)
