"""Writes judging_sklearn.json: folds, corrected t-tests and partial dependence by scikit-learn and SciPy, in float64.

    python judging_sklearn.py [--out judging_sklearn.json]
"""

import argparse
import os

import missing_packages

import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence
from sklearn.model_selection import KFold

from compact_json import dump

FOLDER = os.path.dirname(os.path.abspath(__file__))


def k_fold(rows, folds):
    held = [test.tolist() for _, test in KFold(folds).split(np.zeros(rows))]
    return dict(rows=rows, folds=held)


def corrected_t_test(rng, folds, repeats, rows):
    """Nadeau & Bengio (2003), section 5: the variance times 1 / J + n_test / n_train, J - 1 degrees of freedom."""
    first = np.round(rng.normal(0.8, 0.05, folds * repeats) * 1024) / 1024
    second = np.round((first - rng.normal(0.02, 0.03, folds * repeats)) * 1024) / 1024
    d = first - second
    count = len(d)
    test = rows / folds
    scale = np.sqrt((1 / count + test / (rows - test)) * d.var(ddof=1))
    t = d.mean() / scale
    return dict(folds=folds, repeats=repeats, rows=rows, first=first.tolist(), second=second.tolist(),
                difference=float(d.mean()), t=float(t), p=float(2 * stats.t.sf(abs(t), count - 1)))


class Network(RegressorMixin, BaseEstimator):
    """Two inputs, three ReLUs, one output."""

    def __init__(self, hidden=None, bias=None, output=None):
        self.hidden, self.bias, self.output = hidden, bias, output

    def fit(self, x, y):
        self.fitted_ = True
        return self

    def predict(self, x):
        return np.maximum(x @ self.hidden + self.bias, 0) @ self.output


def dependence(rng):
    rounded = lambda x: np.round(x * 64) / 64
    hidden, bias, output = rounded(rng.normal(0, 1, (2, 3))), rounded(rng.normal(0, 1, 3)), rounded(rng.normal(0, 1, 3))
    x = rounded(rng.normal(0, 2, (50, 2)))
    x[:, 1] = np.round(x[:, 1])  # few values
    network = Network(hidden, bias, output).fit(x, None)
    curves = []
    for column in (0, 1):
        for points in (7, 40):
            made = partial_dependence(network, x, [column], method="brute", kind="average", grid_resolution=points)
            curves.append(dict(column=column, points=points, grid=made["grid_values"][0].tolist(),
                               mean=made["average"][0].tolist()))
    return dict(hidden=hidden.ravel().tolist(), bias=bias.tolist(), output=output.tolist(), x=x.ravel().tolist(),
                curves=curves)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(FOLDER, "judging_sklearn.json"))
    rng = np.random.default_rng(7)
    t = np.array([0, 1e-3, 0.5, 1, 2, 2.776, 4, 8, 30])
    file = dict(
        kFold=[k_fold(rows, folds) for rows, folds in ((10, 5), (10, 3), (7, 4), (5, 5))],
        tTests=[corrected_t_test(rng, folds, repeats, rows) for folds, repeats, rows in ((5, 1, 100), (10, 10, 200), (2, 3, 20))],
        twoSided=[dict(degrees=degrees, t=t.tolist(), p=(2 * stats.t.sf(t, degrees)).tolist())
                  for degrees in (1, 2, 4, 9, 30, 99, 499)],
        dependence=dependence(rng),
    )
    with open(parser.parse_args().out, "w") as out:
        out.write(dump(file) + "\n")


main()
