"""Writes training_torch.json: small trainings from end to end, in float64, with PyTorch's autograd and Adam.

Everything that training needs (data, initial weights, the order of the batches) is in the JSON, so the side under test
needs no random numbers.

    python training_torch.py [--out training_torch.json]
"""

import argparse
import json
import math
import os

import missing_packages

import torch

from compact_json import dump

STEPS, BATCH, LR = 20, 4, 0.01
FEATURES = 6


def wave(count, seed, scale):
    """count fixed numbers within ±scale, with four decimals."""
    return [round(scale * math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)), 4)
            for k in range(count)]


def matrix(rows, columns, seed, scale):
    flat = wave(rows * columns, seed, scale)
    return [flat[r * columns:(r + 1) * columns] for r in range(rows)]


INPUTS = [[round(abs(x), 4) for x in row] for row in matrix(12, FEATURES, 3, 1.0)]
LABELS = [0, 2, 1, 1, 0, 2, 2, 1, 0, 0, 1, 2]
# Five passes over the 12 examples, each in an order of its own (7 and 5 have no divisor in common with 12).
ORDER = [[(5 * k + 7 * e + 3 * (e % 2)) % 12 if e % 2 else (7 * k + e) % 12 for k in range(12)]
         for e in range(math.ceil(STEPS * BATCH / 12))]
BATCHES = [sum(ORDER, [])[s * BATCH:(s + 1) * BATCH] for s in range(STEPS)]


def layers(widths, activations, seed):
    return [dict(activation=a, weights=matrix(i, o, seed + n, 1.65 / math.sqrt(i)), bias=wave(o, seed + n + 0.5, 0.1))
            for n, (i, o, a) in enumerate(zip(widths, widths[1:], activations))]


CASES = [
    dict(name="mlp", loss="softmaxCrossEntropy", layers=layers([6, 5, 3], ["relu", "linear"], 9)),
    dict(name="autoencoder", loss="mse", layers=layers([6, 3, 6], ["relu", "linear"], 11)),
    dict(name="autoencoder-relu-output", loss="mse", layers=layers([6, 3, 6], ["relu", "relu"], 12)),
]


def train(case):
    x = torch.tensor(INPUTS, dtype=torch.float64)
    labels = torch.tensor(LABELS)
    params = []
    for layer in case["layers"]:
        for key in ("weights", "bias"):
            params.append(torch.tensor(layer[key], dtype=torch.float64, requires_grad=True))
    optimizer = torch.optim.Adam(params, lr=LR, betas=(0.9, 0.999), eps=1e-8)
    losses, first, margin, alive = [], None, math.inf, [torch.zeros(len(l["bias"])) for l in case["layers"]]
    for rows in BATCHES:
        h = x[rows]
        for n, layer in enumerate(case["layers"]):
            h = h @ params[2 * n] + params[2 * n + 1]
            if layer["activation"] == "relu":
                margin = min(margin, h.abs().min().item())
                alive[n] += (h > 0).sum(0)
                h = torch.relu(h)
        loss = (torch.nn.functional.mse_loss(h, x[rows]) if case["loss"] == "mse"
                else torch.nn.functional.cross_entropy(h, labels[rows]))
        optimizer.zero_grad()
        loss.backward()
        if first is None:
            first = [p.grad.tolist() for p in params]
        losses.append(loss.item())
        optimizer.step()
    # No pre-activation may be so near 0 that rounding in float32 decides which side of the ReLU it is on.
    assert margin > 1e-4, (case["name"], margin)
    for n, layer in enumerate(case["layers"]):
        if layer["activation"] == "relu":
            total = STEPS * BATCH
            assert all(0 < a for a in alive[n]) and any(a < total for a in alive[n]), (case["name"], n, alive[n])
    pair = lambda values: [dict(weights=values[2 * n], bias=values[2 * n + 1]) for n in range(len(case["layers"]))]
    print(case["name"], f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, smallest |pre-activation| {margin:.2g}")
    return dict(losses=losses, firstGradients=pair(first), finalLayers=pair([p.detach().tolist() for p in params]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "training_torch.json"))
    out = parser.parse_args().out
    torch.set_num_threads(1)
    assert all(sorted(order) == list(range(12)) for order in ORDER)
    oracle = dict(
        madeBy="training_torch.py", versions=dict(torch=torch.__version__.split("+")[0]), dtype="float64",
        rules=dict(
            layer="y = activation(x·weights + bias), weights[input][output]",
            softmaxCrossEntropy="mean over the batch of -log softmax(logits)[label]",
            mse="mean over the batch and all features of (output - input)^2; the target is the input",
            losses="losses[s] is the loss of batch s before its update; firstGradients are those of batch 0; "
                   "finalLayers are the values after the last update"),
        optimizer=dict(name="adam", lr=LR, beta1=0.9, beta2=0.999, eps=1e-8),
        inputs=INPUTS, labels=LABELS, batches=BATCHES,
        cases=[dict(**case, **train(case)) for case in CASES])
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(text)} bytes")


if __name__ == "__main__":
    main()
