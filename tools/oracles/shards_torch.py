"""Writes shards_torch.json: a training whose batches are cut into 8 micro-shards, in float32, with PyTorch.

Each step runs forward and backward once for each shard, on the shard's own examples, and lets PyTorch add up the
gradients in order; then Adam makes one update. The whole of the examples is one batch, in order, so the side under test
needs no random numbers; 44 examples make shards of 6 and of 5.

    python shards_torch.py [--out shards_torch.json]
"""

import argparse
import json
import os

import missing_packages

import torch

from compact_json import dump
from training_torch import matrix, wave

STEPS, SHARDS, EXAMPLES, LR = 100, 8, 44, 0.01
WIDTHS = [12, 16, 4]


def train(inputs, labels, layers):
    params = [torch.tensor(layer[key], dtype=torch.float32, requires_grad=True)
              for layer in layers for key in ("weights", "bias")]
    optimizer = torch.optim.Adam(params, lr=LR, betas=(0.9, 0.999), eps=1e-8)
    parts = list(zip(torch.tensor(inputs).tensor_split(SHARDS), torch.tensor(labels).tensor_split(SHARDS)))
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        cost = 0.0
        for x, y in parts:
            logits = torch.tanh(x @ params[0] + params[1]) @ params[2] + params[3]
            loss = torch.nn.functional.cross_entropy(logits, y, reduction="sum") / EXAMPLES
            loss.backward()
            cost += loss.item()
        losses.append(cost)
        optimizer.step()
    final = [p.detach().tolist() for p in params]
    return losses, [dict(weights=final[i], bias=final[i + 1]) for i in (0, 2)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "shards_torch.json"))
    out = parser.parse_args().out
    torch.set_num_threads(1)
    inputs = matrix(EXAMPLES, WIDTHS[0], 5, 1.0)
    labels = [(7 * k + k // 5) % WIDTHS[-1] for k in range(EXAMPLES)]
    layers = [dict(weights=matrix(i, o, 20 + n, 1.0 / i ** 0.5), bias=wave(o, 30 + n, 0.1))
              for n, (i, o) in enumerate(zip(WIDTHS, WIDTHS[1:]))]
    losses, final = train(inputs, labels, layers)
    oracle = dict(
        madeBy="shards_torch.py", versions=dict(torch=torch.__version__.split("+")[0]), dtype="float32",
        rules=dict(
            network="softmax cross-entropy of tanh(x·weights + bias)·weights + bias, weights[input][output]",
            losses="losses[s] is the mean over all examples before update s"),
        shards=SHARDS, optimizer=dict(name="adam", lr=LR, beta1=0.9, beta2=0.999, eps=1e-8),
        inputs=inputs, labels=labels, layers=layers, losses=losses, finalLayers=final)
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(out, "w") as f:
        f.write(text)
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, {len(text)} bytes")


if __name__ == "__main__":
    main()
