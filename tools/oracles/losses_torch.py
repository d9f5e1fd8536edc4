"""Writes losses_torch.json: values and gradients of losses, in float64, by PyTorch and its autograd.

Losses are PyTorch's own functions; `focalLoss`, `logCosh`, `quantileLoss` and `infoNce`, which it lacks, are their
textbook formulas, written with its operations.

    python losses_torch.py [--out losses_torch.json]
"""

import argparse
import json
import math
import os

import missing_packages

import torch
import torch.nn.functional as F

from compact_json import dump

torch.set_default_dtype(torch.float64)
B, C = 5, 4


def wave(shape, seed, scale, offset=0.0):
    """Fixed numbers within offset ± scale, with four decimals."""
    flat = [round(offset + scale * math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)), 4)
            for k in range(math.prod(shape))]
    return dict(shape=list(shape), values=flat)


def numbers(shape, values, dtype="f32"):
    return dict(shape=list(shape), values=values, dtype=dtype)


def distributions(seed):
    rows = torch.softmax(tensor(wave((B, C), seed, 2.0)), 1)
    rows = [[round(float(x), 4) for x in row] for row in rows]
    rows[0] = [0.0, 0.25, 0.0, 0.75]
    return numbers((B, C), [x for row in rows for x in row])


def tensor(operand):
    dtype = torch.float64 if operand.get("dtype", "f32") == "f32" else torch.int64
    return torch.tensor(operand["values"], dtype=dtype).reshape(operand["shape"])


def by_row(x):
    return x.reshape(x.shape[0], -1).mean(1)


def cross_entropy(x, y, labelSmoothing=0.0, ignoreLabel=-100):
    return F.cross_entropy(x, y, reduction="none", label_smoothing=labelSmoothing, ignore_index=ignoreLabel)


def focal(x, y, gamma=2.0, alpha=0.25):
    p = torch.sigmoid(x)
    right = y * p + (1 - y) * (1 - p)
    return -(y * alpha + (1 - y) * (1 - alpha)) * (1 - right) ** gamma * torch.log(right)


def quantile(x, y, quantile=0.5):
    return torch.where(y >= x, quantile * (y - x), (1 - quantile) * (x - y))


def info_nce(a, b, temperature=0.1):
    s = torch.exp(F.cosine_similarity(a[:, None], b[None], dim=2) / temperature)
    return -torch.log(torch.diagonal(s) / s.sum(1))


def hinge(x, y, margin=1.0, ignoreLabel=-100):
    safe = torch.where(y == ignoreLabel, 0, y)
    return F.multi_margin_loss(x, safe, margin=margin, reduction="none")


def negative_elbo(x, y, m, v, beta=1.0):
    reconstruction = F.binary_cross_entropy_with_logits(x, y, reduction="none").sum(1)
    code = torch.distributions.Normal(m, torch.exp(v / 2))
    return reconstruction + beta * torch.distributions.kl_divergence(code, torch.distributions.Normal(0.0, 1.0)).sum(1)


# The loss of each row, or of each element.
LOSSES = dict(
    crossEntropy=cross_entropy,
    binaryCrossEntropy=lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction="none"),
    meanSquaredError=lambda x, y: F.mse_loss(x, y, reduction="none"),
    focalLoss=focal,
    hinge=hinge,
    huber=lambda x, y, delta=1.0: F.huber_loss(x, y, delta=delta, reduction="none"),
    logCosh=lambda x, y: torch.log(torch.cosh(x - y)),
    quantileLoss=quantile,
    poissonLoss=lambda x, y: F.poisson_nll_loss(x, y, log_input=True, reduction="none"),
    cosineDistance=lambda x, y: 1 - F.cosine_similarity(x, y),
    klDivergence=lambda x, y: F.kl_div(x, y, reduction="none").sum(1),
    gaussianNegativeLogLikelihood=lambda m, v, y: F.gaussian_nll_loss(m, y, torch.exp(v), reduction="none"),
    tripletLoss=lambda a, p, n, margin=1.0: F.triplet_margin_loss(a, p, n, margin=margin, eps=0.0, reduction="none"),
    infoNce=info_nce,
    negativeElbo=negative_elbo,
)

X, Y = wave((B, C), 1, 2.5), wave((B, C), 2, 2.0)
BITS = numbers((B, C), [(k * 7 + k // 3) % 2 for k in range(B * C)])
CUBE, CUBE_TARGET = wave((3, 2, 2), 3, 2.0), wave((3, 2, 2), 4, 2.0)
LABELS = numbers((B,), [2, 0, 3, 1, 3], "i32")
IGNORING = numbers((B,), [2, -1, 3, 1, -1], "i32")
COUNTS = numbers((B, C), [(k * 5) % 7 for k in range(B * C)])
LOGS = dict(shape=[B, C], values=[round(float(x), 4) for x in torch.log_softmax(tensor(X), 1).reshape(-1)])
WEIGHTS = [0.5, 2.0, 0.0, 1.25, 3.0]

# Loss, operands, how many of them have a gradient, options.
CASES = [
    ("crossEntropy", [X, LABELS], 1, {}),
    ("crossEntropy", [X, LABELS], 1, dict(labelSmoothing=0.1)),
    ("crossEntropy", [X, IGNORING], 1, dict(labelSmoothing=0.2, ignoreLabel=-1)),
    ("crossEntropy", [X, distributions(5)], 1, dict(labelSmoothing=0.3)),
    ("binaryCrossEntropy", [X, BITS], 1, {}),
    ("meanSquaredError", [X, Y], 2, {}),
    ("focalLoss", [X, BITS], 1, {}),
    ("focalLoss", [X, BITS], 1, dict(gamma=1.5, alpha=0.6)),
    ("hinge", [X, LABELS], 1, {}),
    ("hinge", [X, IGNORING], 1, dict(margin=0.5, ignoreLabel=-1)),
    ("huber", [X, Y], 2, {}),
    ("huber", [X, Y], 2, dict(delta=0.4)),
    ("logCosh", [X, Y], 2, {}),
    ("quantileLoss", [X, Y], 2, {}),
    ("quantileLoss", [X, Y], 2, dict(quantile=0.9)),
    ("poissonLoss", [X, COUNTS], 1, {}),
    ("cosineDistance", [X, Y], 2, {}),
    ("klDivergence", [LOGS, distributions(6)], 1, {}),
    ("gaussianNegativeLogLikelihood", [X, wave((B, C), 7, 1.5), Y], 3, {}),
    ("tripletLoss", [X, wave((B, C), 8, 2.0), wave((B, C), 9, 2.0)], 3, {}),
    ("tripletLoss", [X, wave((B, C), 8, 2.0), wave((B, C), 9, 2.0)], 3, dict(margin=0.3)),
    ("infoNce", [X, Y], 2, {}),
    ("infoNce", [X, Y], 2, dict(temperature=0.5)),
    ("negativeElbo", [X, BITS, wave((B, 3), 10, 1.5), wave((B, 3), 11, 1.5)], 4, {}),
    ("negativeElbo", [X, BITS, wave((B, 3), 10, 1.5), wave((B, 3), 11, 1.5)], 4, dict(beta=0.3)),
    ("meanSquaredError", [CUBE, CUBE_TARGET], 2, {}),
    ("huber", [CUBE, CUBE_TARGET], 2, dict(delta=0.4)),
]


def result(loss, operands, count, options, weights, by_element=False):
    inputs = [tensor(operand) for operand in operands]
    for x in inputs[:count]:
        x.requires_grad_()
    losses = LOSSES[loss](*inputs, **options)
    rows = losses.reshape(-1) if by_element else by_row(losses)
    w = torch.ones(rows.shape) if weights is None else torch.tensor(weights)
    if "ignoreLabel" in options:
        w = torch.where(inputs[1] == options["ignoreLabel"], 0.0, w)
    value = (w * rows).sum() / w.sum()
    gradients = torch.autograd.grad(value, inputs[:count])
    return dict(value=float(value.detach()), gradients=[[float(x) for x in g.reshape(-1)] for g in gradients])


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "losses_torch.json"))
    out = parser.parse_args().out
    cases = []
    for loss, operands, count, options in CASES:
        batch = operands[0]["shape"][0]
        weights = WEIGHTS[:batch]
        shape = LOSSES[loss](*[tensor(operand) for operand in operands], **options).shape
        by_element = len(shape) > 1
        mask = [float(k % 3 != 1) * (1 + k % 2) for k in range(math.prod(shape))]
        cases.append(dict(
            loss=loss, options=options, operands=operands, weights=weights,
            plain=result(loss, operands, count, options, None),
            weighted=result(loss, operands, count, options, weights),
            **(dict(mask=dict(shape=list(shape), values=mask),
                    masked=result(loss, operands, count, options, mask, True)) if by_element else {})))
    oracle = dict(
        madeBy="losses_torch.py", versions=dict(torch=torch.__version__.split("+")[0]), dtype="float64",
        rules=dict(
            layouts="row-major", plain="the mean over rows, without those of ignoreLabel",
            weighted="sum(w * l) / sum(w) over rows; masked the same over elements; gradients are of the first operands"),
        cases=cases)
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
