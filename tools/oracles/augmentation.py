"""Maps of images by PyTorch's affine_grid and grid_sample, displacements and filters by SciPy, and Beta quantiles.

An image of torch has its corners at ±1 with align_corners=True, so pixels are (extent - 1) / 2 apart from there.
"""

import argparse
import math

import missing_packages

import numpy as np
import torch
from scipy import ndimage, stats

from compact_json import dump

parser = argparse.ArgumentParser()
parser.add_argument("--out", default="augmentation.json")
rng = np.random.default_rng(5)
height, width, channels = 7, 9, 2
image = rng.integers(0, 256, size=(4, height, width, channels)).astype(np.float64)
maps = [
    {"angle": 0.4, "zoom": 1.0, "lean": 0.0, "x": 0.0, "y": 0.0},
    {"angle": 0.0, "zoom": 1.3, "lean": 0.0, "x": 1.25, "y": -2.5},
    {"angle": -0.7, "zoom": 0.8, "lean": 0.35, "x": -0.5, "y": 0.75},
    {"angle": 2.5, "zoom": 1.1, "lean": -0.6, "x": 0.3, "y": 4.0},
]


def inverse(m):
    """From places of the result to those of the image, in pixels from the centre."""
    cosine, sine = math.cos(m["angle"]), math.sin(m["angle"])
    turn = np.array([[cosine, -sine], [sine, cosine]])
    forward = m["zoom"] * turn @ np.array([[1, -m["lean"]], [0, 1]])
    back = np.linalg.inv(forward)
    return back, -back @ np.array([m["x"], m["y"]])


half = np.array([(width - 1) / 2, (height - 1) / 2])
theta = []
for m in maps:
    back, offset = inverse(m)
    theta.append(np.column_stack([back * half[None, :] / half[:, None], offset / half]))
planes = torch.tensor(image).permute(0, 3, 1, 2)
grid = torch.nn.functional.affine_grid(torch.tensor(np.array(theta)), planes.shape, align_corners=True)
mapped = torch.nn.functional.grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=True)

field = rng.uniform(-1, 1, size=(2, height, width))
sigmas = [0.8, 2.0, 4.0]
smoothed = [[ndimage.gaussian_filter(one, sigma, mode="constant") for one in field] for sigma in sigmas]
dx, dy = 3 * field[0], 3 * field[1]
rows, columns = np.mgrid[0:height, 0:width]
displaced = np.stack(
    [
        ndimage.map_coordinates(image[0, :, :, c], [rows + dy, columns + dx], order=1, mode="grid-constant")
        for c in range(channels)
    ],
    axis=-1,
)

alphas = [0.1, 0.2, 0.4, 1.0, 1.5, 4.0, 30.0]
count = 64
beta = [stats.beta.ppf((np.arange(count) + 0.5) / count, a, a).tolist() for a in alphas]

file = {
    "shape": list(image.shape),
    "image": image.ravel().tolist(),
    "maps": maps,
    "mapped": mapped.permute(0, 2, 3, 1).numpy().ravel().tolist(),
    "field": field.ravel().tolist(),
    "smoothed": [{"sigma": s, "field": np.array(f).ravel().tolist()} for s, f in zip(sigmas, smoothed)],
    "displaced": displaced.ravel().tolist(),
    "beta": [{"alpha": a, "quantiles": q} for a, q in zip(alphas, beta)],
}
with open(parser.parse_args().out, "w") as out:
    out.write(dump(file) + "\n")
