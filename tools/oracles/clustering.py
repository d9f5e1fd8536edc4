"""Writes clustering.json: Lloyd's k-means by scikit-learn, and the loss of deep embedded clustering by PyTorch, in float64.

    python clustering.py [--out clustering.json]
"""

import argparse
import os
import warnings

import missing_packages

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from compact_json import dump

FOLDER = os.path.dirname(os.path.abspath(__file__))
rounded = lambda x: np.round(x * 64) / 64


def lloyd(rng):
    """Rows around four places that overlap; centres that begin at the first four rows, after 1, 2 and 20 iterations."""
    places = rng.normal(0, 2, (4, 3))
    rows = rounded(places[rng.integers(0, 4, 60)] + rng.normal(0, 0.8, (60, 3)))
    first = rows[:4]
    after = []
    for iterations in (1, 2, 20):
        model = KMeans(4, init=first, n_init=1, max_iter=iterations, tol=0, algorithm='lloyd').fit(rows)
        # That of the iterations, not of the assignment to their centres that follows.
        after.append(dict(iterations=iterations, centers=model.cluster_centers_.tolist(),
                          labels=model.labels_.tolist(), error=float(model.inertia_ / len(rows))))
    return dict(rows=rows.tolist(), first=first.tolist(), after=after)


def deep(rng):
    """The target of Xie, Girshick & Farhadi (2016), and the mean over rows of its divergence, with both gradients."""
    codes = torch.tensor(rounded(rng.normal(0, 1, (12, 3))), requires_grad=True)
    centers = torch.tensor(rounded(rng.normal(0, 1, (4, 3))), requires_grad=True)
    kernel = 1 / (1 + ((codes[:, None] - centers) ** 2).sum(-1))
    soft = kernel / kernel.sum(1, keepdim=True)
    raised = soft ** 2 / soft.sum(0)
    target = (raised / raised.sum(1, keepdim=True)).detach()
    loss = torch.nn.functional.kl_div(soft.log(), target, reduction='batchmean')
    loss.backward()
    return dict(codes=codes.tolist(), centers=centers.tolist(), soft=soft.tolist(), target=target.tolist(),
                loss=loss.item(), codesGradient=codes.grad.tolist(), centersGradient=centers.grad.tolist())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--out', default=os.path.join(FOLDER, 'clustering.json'))
    args = parser.parse_args()
    warnings.simplefilter('ignore', ConvergenceWarning)
    rng = np.random.default_rng(0)
    with open(args.out, 'w') as file:
        file.write(dump(dict(lloyd=lloyd(rng), deep=deep(rng))) + '\n')


if __name__ == '__main__':
    main()
