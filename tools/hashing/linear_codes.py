"""Linear hashing to compare with: codes of PCA-sign and of ITQ, learnt from MNIST's training images.

    python linear_codes.py --data DIR --out DIR --bits 16 32 64

PCA-sign: the centred pixels' first principal directions, by their signs.
ITQ: the same directions, rotated so that the signs lose least: alternately the nearest signs, and the orthogonal
Procrustes rotation onto them. Source: Gong & Lazebnik, "Iterative quantization: a Procrustean approach to learning
binary codes", CVPR 2011; 50 iterations from a random rotation, as there.

For each method and number of bits, writes DIR/METHOD-BITS.u8: one byte a bit, 0 or 1, [60000 + 10000, bits], the training
images and then the test images.
"""

import argparse
import pathlib

import numpy as np

ITERATIONS = 50
SEED = 0


def images_of(path: pathlib.Path) -> np.ndarray:
    """IDX file of images to [images, pixels], float64 in [0, 1]."""
    pixels = np.frombuffer(path.read_bytes(), dtype=np.uint8, offset=16)
    return pixels.reshape(-1, 28 * 28) / 255.0


def principal_directions(centred: np.ndarray) -> np.ndarray:
    """[pixels, pixels], columns by falling variance."""
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    return vectors[:, np.argsort(values)[::-1]]


def itq_rotation(projected: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """[bits, bits], orthogonal; `projected` is [images, bits], centred."""
    bits = projected.shape[1]
    rotation, _ = np.linalg.qr(generator.standard_normal((bits, bits)))
    for _ in range(ITERATIONS):
        signs = np.where(projected @ rotation >= 0, 1.0, -1.0)
        # The rotation R that is least in |signs - projected R|: with projected' signs = U S V', R = U V'.
        left, _, right = np.linalg.svd(projected.T @ signs)
        rotation = left @ right
    return rotation


def main() -> None:
    parser = argparse.ArgumentParser(description="Codes of PCA-sign and ITQ for MNIST.")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the codes")
    parser.add_argument("--bits", type=int, nargs="+", required=True)
    asked = parser.parse_args()

    train = images_of(asked.data / "train-images-idx3-ubyte")
    test = images_of(asked.data / "t10k-images-idx3-ubyte")
    mean = train.mean(axis=0)
    directions = principal_directions(train - mean)
    asked.out.mkdir(parents=True, exist_ok=True)
    for bits in asked.bits:
        projected = (np.concatenate([train, test]) - mean) @ directions[:, :bits]
        rotation = itq_rotation(projected[: len(train)], np.random.default_rng(SEED))
        for name, values in (("pca", projected), ("itq", projected @ rotation)):
            (values >= 0).astype(np.uint8).tofile(asked.out / f"{name}-{bits}.u8")


if __name__ == "__main__":
    main()
