"""Writes ops_jax.json: ops of many kinds, their values and gradients, in float64, by JAX.

    python ops_jax.py [--out ops_jax.json]
"""

import argparse
import json
import math
import os

import missing_packages

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np

from compact_json import dump

jax.config.update("jax_enable_x64", True)


def wave(shape, seed, scale=1.0, shift=0.0):
    """Fixed numbers within ±scale around the shift, with four decimals."""
    count = math.prod(shape)
    flat = [round(shift + scale * math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)), 4)
            for k in range(count)]
    return dict(shape=list(shape), values=flat)


def array(numbers):
    return jnp.array(numbers["values"], dtype=jnp.float64).reshape(numbers["shape"])


def flat(x):
    return [float(v) for v in jnp.ravel(x)]


def case(name, function, *operands):
    """Values, and the gradients of a weighted sum of them by each operand."""
    arrays = [array(operand) for operand in operands]
    value = function(*arrays)
    weights = wave(value.shape, 9)
    loss = lambda *xs: jnp.sum(function(*xs) * array(weights))
    gradients = jax.grad(loss, argnums=tuple(range(len(arrays))))(*arrays)
    return dict(name=name, operands=list(operands), shape=list(value.shape), values=flat(value), weights=weights["values"],
                gradients=[flat(g) for g in gradients])


TIES = dict(shape=[2, 6], values=[2.0, -1.0, 2.0, 0.5, -1.0, 3.0, 0.0, 0.0, 0.0, 1.0, -1.0, 1.0])
IMAGE = wave([2, 3, 4, 2], 5)
INDICES = jnp.array([[2, 0, 1], [1, 1, 0]])


def resized(sizes, method):
    return lambda x: jax.image.resize(x, [x.shape[0], *sizes, x.shape[-1]], method=method, antialias=False)


def padded(mode):
    return lambda x: jnp.pad(x, [(2, 1), (3, 2)], mode=mode)


def einsum_case(text, *shapes):
    """Values that NumPy has, too."""
    operands = [wave(shape, i + 1) for i, shape in enumerate(shapes)]
    made = case(f"einsum {text}", lambda *xs: jnp.einsum(text, *xs), *operands)
    expected = np.einsum(text, *[np.array(array(operand)) for operand in operands])
    assert made["shape"] == list(expected.shape) and np.allclose(np.ravel(expected), made["values"], rtol=0, atol=1e-12)
    return made


CASES = [
    case("sin", jnp.sin, wave([3, 5], 1, 9.0)),
    case("cos", jnp.cos, wave([3, 5], 1, 9.0)),
    case("erf", jax.scipy.special.erf, wave([3, 5], 1, 3.0)),
    case("pow", jnp.power, wave([3, 5], 1, 0.9, 1.2), wave([3, 5], 2, 3.0)),
    case("logSumExp", lambda x: jax.nn.logsumexp(x, axis=1), wave([3, 5, 2], 1, 30.0)),
    case("cumsum", lambda x: jnp.cumsum(x, axis=1), wave([2, 7, 2], 1)),
    case("cumsum, reversed", lambda x: jnp.cumsum(x[::-1], axis=0)[::-1], wave([7, 2], 1)),
    case("sort of equals", lambda x: jnp.sort(x, axis=-1, stable=True), TIES),
    case("sort along the middle", lambda x: jnp.sort(x, axis=1), wave([2, 5, 3], 4)),
    case("topK of equals", lambda x: jax.lax.top_k(x, 3)[0], TIES),
    case("flip", lambda x: jnp.flip(x, (0, 2)), wave([2, 3, 4], 1)),
    case("pad, reflected", padded("reflect"), wave([4, 5], 1)),
    case("pad with the edge", padded("edge"), wave([4, 5], 1)),
    case("pad with a value", lambda x: jnp.pad(x, [(2, 1), (3, 2)], constant_values=1.5), wave([4, 5], 1)),
    case("resize to the nearest", resized([5, 3], "nearest"), IMAGE),
    case("resize, bilinear, larger", resized([7, 9], "bilinear"), IMAGE),
    case("resize, bilinear, smaller", resized([2, 3], "bilinear"), IMAGE),
    case("gather along the middle", lambda x: jnp.take(x, INDICES, axis=1), wave([2, 3, 4], 1)),
    case("matmul of stacks", jnp.matmul, wave([2, 3, 4, 5], 1), wave([2, 3, 5, 2], 2)),
    case("matmul of stacks that broadcast", jnp.matmul, wave([2, 1, 4, 5], 1), wave([3, 5, 2], 2)),
    case("einsum bqhd,bkhd->bhqk", lambda a, b: jnp.einsum("bqhd,bkhd->bhqk", a, b), wave([2, 3, 2, 4], 1),
         wave([2, 5, 2, 4], 2)),
    case("einsum abc,cd,db->ad", lambda a, b, c: jnp.einsum("abc,cd,db->ad", a, b, c), wave([2, 3, 4], 1),
         wave([4, 5], 2), wave([5, 3], 3)),
    *[einsum_case(text, *shapes) for text, *shapes in [
        ("ii->i", [4, 4]),
        ("ii", [4, 4]),
        ("aba->ab", [3, 2, 3]),
        ("iii->i", [3, 3, 3]),
        ("iijj->ji", [2, 2, 3, 3]),
        ("ii,ij->j", [3, 3], [3, 4]),
        ("bij,jj->bi", [2, 3, 4], [4, 4]),
        ("...ij,...jk->...ik", [2, 3, 4, 5], [3, 5, 2]),
        ("...ij,...jk", [2, 1, 2, 3], [4, 3, 2]),
        ("i...,j->...ij", [2, 3, 4], [5]),
        ("...,...->...", [2, 1, 3], [4, 1]),
        ("...i->...", [2, 3, 4]),
        ("i...i->...", [3, 2, 4, 3]),
        ("...->...", [2, 3]),
        ("ij->j...", [2, 3]),
    ]],
]


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "ops_jax.json"))
    out = parser.parse_args().out
    oracle = dict(
        madeBy="ops_jax.py", versions=dict(jax=jax.__version__), dtype="float64",
        rules=dict(gradients="of the sum of values * weights, by each operand", places="of the rows of the ties"),
        cases=CASES,
        places=dict(
            ties=TIES, ascending=[int(i) for i in jnp.ravel(jnp.argsort(array(TIES), axis=-1, stable=True))],
            largest=[int(i) for i in jnp.ravel(jax.lax.top_k(array(TIES), 3)[1])]))
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle)) and "NaN" not in text and "Infinity" not in text
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(CASES)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
