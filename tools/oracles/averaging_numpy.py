"""Writes averaging_numpy.json: trainings whose replicas are averaged (local SGD, federated averaging), in float64, with
gradients written out by hand.

The network, a 6-5-3 classifier with softmax cross-entropy, its data and its first weights are those of training_torch.json.
Examples are visited as they stand.

    python averaging_numpy.py [--out averaging_numpy.json]
"""

import argparse
import json
import os

import missing_packages

import numpy as np

from compact_json import dump

FOLDER = os.path.dirname(os.path.abspath(__file__))

CASES = [
    dict(name="local SGD", optimizer="sgd", momentum=0.0, parts=None, replicas=3, every=2, batch=2, epochs=10),
    dict(name="local SGD with momentum", optimizer="sgd", momentum=0.9, parts=None, replicas=2, every=4, batch=1,
         epochs=10),
    dict(name="federated averaging", optimizer="sgd", momentum=0.0, parts=[7, 2, 3], replicas=3, every=1000, batch=2,
         epochs=10),
    dict(name="Adam, parts of different sizes", optimizer="adam", momentum=0.0, parts=[7, 2, 3], replicas=3, every=3,
         batch=1, epochs=8),
]
SGD_RATE = 0.3
ADAM = dict(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8)


def gradients(weights, x, labels):
    """The mean loss, and its gradient for [W1, b1, W2, b2]."""
    w1, b1, w2, b2 = weights
    before = x @ w1 + b1
    # Not so near 0 that rounding in float32 decides which side of the ReLU it is on.
    assert np.abs(before).min() > 1e-5, np.abs(before).min()
    hidden = np.maximum(before, 0)
    logits = hidden @ w2 + b2
    logits = logits - logits.max(1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    n = len(x)
    loss = -log_p[np.arange(n), labels].mean()
    d_logits = np.exp(log_p)
    d_logits[np.arange(n), labels] -= 1
    d_logits /= n
    d_hidden = (d_logits @ w2.T) * (before > 0)
    return loss, [x.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_logits, d_logits.sum(0)]


class Replica:
    """Everything that a step changes is in `state`, a list of arrays: weights, then what the optimizer keeps."""

    def __init__(self, rows, case):
        self.rows, self.case, self.steps = rows, case, 0
        self.per_epoch = -(-len(rows) // case["batch"])

    def step(self, state, x, labels):
        batch = self.case["batch"]
        first = batch * (self.steps % self.per_epoch)
        rows = self.rows[first:first + batch]
        self.steps += 1
        loss, grads = gradients(state[:4], x[rows], labels[rows])
        if self.case["optimizer"] == "sgd":
            moved = [self.case["momentum"] * b + g for b, g in zip(state[4:], grads)]
            return loss * len(rows), [w - SGD_RATE * b for w, b in zip(state[:4], moved)] + moved
        b1, b2 = ADAM["beta1"], ADAM["beta2"]
        m = [b1 * old + (1 - b1) * g for old, g in zip(state[4:8], grads)]
        v = [b2 * old + (1 - b2) * g * g for old, g in zip(state[8:12], grads)]
        # The bias corrections 1 - beta^t are averages, too: of ones.
        c1, c2 = b1 * state[12] + (1 - b1), b2 * state[13] + (1 - b2)
        weights = [w - ADAM["lr"] * (mm / c1) / (np.sqrt(vv / c2) + ADAM["eps"])
                   for w, mm, vv in zip(state[:4], m, v)]
        return loss * len(rows), weights + m + v + [c1, c2]


def train(case, x, labels, first):
    count, n = case["replicas"], len(x)
    if case["parts"] is None:
        parts = [list(range(k, n, count)) for k in range(count)]
    else:
        ends = np.cumsum([0] + case["parts"])
        assert ends[-1] == n
        parts = [list(range(a, b)) for a, b in zip(ends, ends[1:])]
    replicas = [Replica(rows, case) for rows in parts]
    zeros = [np.zeros_like(w) for w in first]
    kept = zeros if case["optimizer"] == "sgd" else zeros + zeros + [np.zeros(()), np.zeros(())]
    model = [w.copy() for w in first] + [k.copy() for k in kept]
    longest = max(r.per_epoch for r in replicas)
    costs, rounds = [], []
    for epoch in range(case["epochs"]):
        total, step = 0.0, 0
        while step < longest:
            step = min(step + case["every"], longest)
            states = []
            for replica in replicas:
                state = [s.copy() for s in model]
                # As far through its examples as the one with the most steps.
                until = epoch * replica.per_epoch + step * replica.per_epoch // longest
                while replica.steps < until:
                    loss, state = replica.step(state, x, labels)
                    total += loss
                states.append(state)
            model = [sum(len(r.rows) / n * s for r, s in zip(replicas, same)) for same in zip(*states)]
            rounds.append([replica.steps for replica in replicas])
        costs.append(total / n)
    print(case["name"], f"cost {costs[0]:.4f} -> {costs[-1]:.4f}, {len(rounds)} rounds")
    w1, b1, w2, b2 = (w.tolist() for w in model[:4])
    return dict(stepsAfterEachRound=rounds, costs=costs,
                finalLayers=[dict(weights=w1, bias=b1), dict(weights=w2, bias=b2)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(FOLDER, "averaging_numpy.json"))
    out = parser.parse_args().out
    with open(os.path.join(FOLDER, "training_torch.json")) as f:
        torch = json.load(f)
    x, labels = np.array(torch["inputs"]), np.array(torch["labels"])
    layers = next(case for case in torch["cases"] if case["name"] == "mlp")["layers"]
    first = [np.array(layer[key]) for layer in layers for key in ("weights", "bias")]
    oracle = dict(
        madeBy="averaging_numpy.py", versions=dict(numpy=np.__version__), dtype="float64",
        rules=dict(
            parts="null: example i belongs to replica i mod replicas; otherwise consecutive examples, so many each",
            round="all replicas begin with the model; when the one with the most steps an epoch has done `every` more "
                  "steps, or the epoch's last, the model is the mean of all states, weighted by examples",
            pace="when the longest has done t of its s steps an epoch, another has done floor(t * its own / s)",
            costs="the mean loss of the epoch's examples, each with the weights that its replica had then"),
        sgd=dict(lr=SGD_RATE), adam=ADAM,
        cases=[dict(**case, **train(case, x, labels, first)) for case in CASES])
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(text)} bytes")


if __name__ == "__main__":
    main()
