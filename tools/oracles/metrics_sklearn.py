"""Writes metrics_sklearn.json: examples, and what scikit-learn says of them, in float64.

All inputs are multiples of 1/64 or years with quarters, so float32 holds them exactly. Scores have ties. Class 3 of the
logits never occurs and is never the largest.

    python metrics_sklearn.py [--out metrics_sklearn.json]
"""

import argparse
import os

import numpy as np
from sklearn import metrics

from compact_json import dump

FOLDER = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = 37


def calibration_error(confidence, correct, bins=15):
    """Guo et al. (2017), equation 3; scikit-learn has none."""
    edges = np.linspace(0, 1, bins + 1)
    error = 0.0
    for low, high in zip(edges, edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return error


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(FOLDER, "metrics_sklearn.json"))
    rng = np.random.default_rng(7)
    target = 2000 + np.round(rng.uniform(-10, 10, EXAMPLES) * 4) / 4
    output = target + np.round(rng.normal(0, 3, EXAMPLES) * 4) / 4
    pairs = np.round(rng.normal(0, 2, (EXAMPLES, 2)) * 64) / 64
    guesses = pairs + np.round(rng.normal(0, 1, (EXAMPLES, 2)) * 64) / 64
    yes = rng.integers(0, 2, EXAMPLES)
    score = np.round((rng.normal(0, 1, EXAMPLES) + yes) * 4) / 4
    label = rng.integers(0, 3, EXAMPLES)
    logits = np.round(rng.normal(0, 1, (EXAMPLES, 4)) * 64) / 64
    logits[np.arange(EXAMPLES), label] += 1
    logits[:, 3] -= 9
    estimate = logits.argmax(1)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    macro = dict(average="macro", zero_division=0)
    binary = dict(zero_division=0)
    expected = dict(
        r2=metrics.r2_score(target, output),
        r2Pairs=metrics.r2_score(pairs, guesses),
        meanAbsoluteError=metrics.mean_absolute_error(target, output),
        rootMeanSquaredError=metrics.root_mean_squared_error(target, output),
        medianAbsoluteError=metrics.median_absolute_error(target, output),
        medianAbsoluteErrorPairs=metrics.median_absolute_error(pairs, guesses),
        auc=metrics.roc_auc_score(yes, score),
        precisionYes=metrics.precision_score(yes, score > 0, **binary),
        recallYes=metrics.recall_score(yes, score > 0, **binary),
        f1Yes=metrics.f1_score(yes, score > 0, **binary),
        accuracy=metrics.accuracy_score(label, estimate),
        precision=metrics.precision_score(label, estimate, **macro),
        recall=metrics.recall_score(label, estimate, **macro),
        f1=metrics.f1_score(label, estimate, **macro),
        calibrationError=calibration_error(shares.max(1), estimate == label),
        confusion=metrics.confusion_matrix(label, estimate, labels=range(4)).tolist(),
    )
    examples = dict(target=target, output=output, pairs=pairs.ravel(), guesses=guesses.ravel(), yes=yes, score=score,
                    label=label, logits=logits.ravel())
    expected = {name: value if isinstance(value, list) else float(value) for name, value in expected.items()}
    file = dict(examples={name: values.tolist() for name, values in examples.items()}, expected=expected)
    with open(parser.parse_args().out, "w") as out:
        out.write(dump(file) + "\n")


main()
