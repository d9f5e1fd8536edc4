"""Writes metrics_sklearn.json: examples, and what scikit-learn says of them, in float64.

All inputs are multiples of 1/64 or years with quarters, so float32 holds them exactly. Scores have ties. Class 3 of the
logits never occurs and is never the largest. Of the logits `uneven`, class 1 is never the largest, class 2 never occurs,
and class 4 neither. There are six clusters of the four classes `kind`, and cases of few examples,
with their confusion matrices.

    python metrics_sklearn.py [--out metrics_sklearn.json]
"""

import argparse
import os

import missing_packages

import numpy as np
from scipy.optimize import linear_sum_assignment
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


def cluster_accuracy(label, cluster):
    """Xie et al. (2016), equation 10, by SciPy's assignment; scikit-learn has none."""
    counts = metrics.cluster.contingency_matrix(label, cluster)
    return counts[linear_sum_assignment(counts, maximize=True)].sum() / counts.sum()


def clustering(label, cluster):
    return dict(
        accuracy=float(cluster_accuracy(label, cluster)),
        nmi=float(metrics.normalized_mutual_info_score(label, cluster)),
        ari=float(metrics.adjusted_rand_score(label, cluster)),
    )


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
    # After all others, so that these stay as they are.
    uneven = np.round(rng.normal(0, 1, (EXAMPLES, 5)) * 64) / 64
    often = np.array([0, 1, 3])[rng.integers(0, 3, EXAMPLES)]
    uneven[:, 1] -= 9
    uneven[:, 4] -= 9
    guess = uneven.argmax(1)
    kind = rng.integers(0, 4, EXAMPLES)
    clusters = np.round(rng.normal(0, 1, (EXAMPLES, 6)) * 64) / 64
    clusters[np.arange(EXAMPLES), 5 - kind] += 1.5
    few = [
        ([0, 0, 0], [2, 2, 2]), ([0, 0, 0], [0, 1, 2]), ([0, 0, 0], [0, 1, 1]), ([0, 1, 2], [1, 1, 1]),
        ([0, 1], [1, 0]), ([3], [7]), ([0, 0, 1, 1], [0, 1, 0, 1]), ([0, 0, 1, 1, 2], [1, 1, 0, 0, 0]),
        ([0, 0, 0, 1, 1], [0, 0, 1, 0, 0]),
        (rng.integers(0, 9, 60), rng.integers(0, 12, 60)), (rng.integers(0, 12, 60), rng.integers(0, 9, 60)),
    ]
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
        meanAbsolutePercentageError=metrics.mean_absolute_percentage_error(target, output),
        pinball=metrics.mean_pinball_loss(target, output, alpha=0.5),
        pinball10=metrics.mean_pinball_loss(target, output, alpha=0.1),
        logLoss=metrics.log_loss(label, shares, labels=range(4)),
        logLossYes=metrics.log_loss(yes, 1 / (1 + np.exp(-score))),
        top1=metrics.top_k_accuracy_score(label, logits, k=1, labels=range(4)),
        top2=metrics.top_k_accuracy_score(label, logits, k=2, labels=range(4)),
        top3Uneven=metrics.top_k_accuracy_score(often, uneven, k=3, labels=range(5)),
        balancedAccuracy=metrics.balanced_accuracy_score(label, estimate),
        balancedAccuracyUneven=metrics.balanced_accuracy_score(often, guess),
        **{
            f"{name}{end}": score_of(often, guess, zero_division=0, **how)
            for name, score_of in dict(
                precision=metrics.precision_score, recall=metrics.recall_score, f1=metrics.f1_score
            ).items()
            for end, how in {
                "Uneven": dict(average="macro"),
                "UnevenMicro": dict(average="micro"),
                **{f"Uneven{c}": dict(average="macro", labels=[c]) for c in range(5)},
            }.items()
        },
        **{f"clusters_{name}": value for name, value in clustering(kind, clusters.argmax(1)).items()},
        few=[
            dict(
                label=np.asarray(a).tolist(),
                cluster=np.asarray(b).tolist(),
                counts=metrics.cluster.contingency_matrix(a, b).tolist(),
                scores=clustering(a, b),
            )
            for a, b in few
        ],
        calibrationError=calibration_error(shares.max(1), estimate == label),
        confusion=metrics.confusion_matrix(label, estimate, labels=range(4)).tolist(),
    )
    examples = dict(target=target, output=output, pairs=pairs.ravel(), guesses=guesses.ravel(), yes=yes, score=score,
                    label=label, logits=logits.ravel(), often=often, uneven=uneven.ravel(), kind=kind,
                    clusters=clusters.ravel())
    expected = {name: value if isinstance(value, list) else float(value) for name, value in expected.items()}
    file = dict(examples={name: values.tolist() for name, values in examples.items()}, expected=expected)
    with open(parser.parse_args().out, "w") as out:
        out.write(dump(file) + "\n")


main()
