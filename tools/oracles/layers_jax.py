"""Writes layers_jax.json: activations, norms and an embedding, their values and gradients, in float64, by JAX.

    python layers_jax.py [--out layers_jax.json]
"""

import argparse
import json
import math
import os

import missing_packages

import jax
import jax.numpy as jnp

from compact_json import dump

jax.config.update("jax_enable_x64", True)

EPSILON = 1e-3


def wave(shape, seed, scale=1.0, shift=0.0):
    """Fixed numbers within ±scale around the shift, with four decimals."""
    count = math.prod(shape)
    flat = [round(shift + scale * math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)), 4)
            for k in range(count)]
    return dict(shape=list(shape), values=flat)


def array(numbers):
    return jnp.array(numbers["values"], dtype=jnp.float64).reshape(numbers["shape"])


def flat(values):
    return [float(x) for x in values.reshape(-1)]


ACTIVATIONS = dict(
    elu=jax.nn.elu,
    gelu=lambda x: jax.nn.gelu(x, approximate=False),
    geluTanh=lambda x: jax.nn.gelu(x, approximate=True),
    hardSigmoid=jax.nn.hard_sigmoid,
    hardSwish=jax.nn.hard_swish,
    # As in PyTorch, the gradient at 0 is the slope (JAX's leaky_relu: 1).
    leakyRelu=lambda x: jnp.where(x > 0, x, 0.01 * x),
    mish=jax.nn.mish,
    silu=jax.nn.silu,
    softplus=jax.nn.softplus,
)
POINTS = [sign * x for x in [0.0, 0.001, 0.3, 0.7, 1.0, 1.7, 2.5, 3.0, 4.2, 6.0, 11.0, 30.0, 100.0] for sign in (1, -1)]


def standardised(x, axes):
    mean = jnp.mean(x, axes, keepdims=True)
    return (x - mean) / jnp.sqrt(jnp.var(x, axes, keepdims=True) + EPSILON)


def batch_norm(p, x):
    return standardised(x, tuple(range(x.ndim - 1))) * p["scale"] + p["shift"]


def layer_norm(p, x):
    return standardised(x, -1) * p["scale"] + p["shift"]


def group_norm(groups):
    def apply(p, x):
        grouped = x.reshape(x.shape[0], -1, groups, x.shape[-1] // groups)
        return standardised(grouped, (1, 3)).reshape(x.shape) * p["scale"] + p["shift"]
    return apply


def rms_norm(p, x):
    return x / jnp.sqrt(jnp.mean(x * x, -1, keepdims=True) + EPSILON) * p["scale"]


def norm_case(name, apply, shape, shifted=True):
    params = dict(scale=wave(shape[-1:], 2, 0.5, 1.0))
    if shifted:
        params["shift"] = wave(shape[-1:], 3)
    x, weights = wave(shape, 4, 2.0, 0.5), wave(shape, 5)
    values = {key: array(value) for key, value in params.items()}
    gradients = jax.grad(lambda p, x: jnp.sum(apply(p, x) * array(weights)), (0, 1))(values, array(x))
    return dict(name=name, x=x, weights=weights, params=params, output=flat(apply(values, array(x))),
                gradients={"x": flat(gradients[1]), **{key: flat(value) for key, value in gradients[0].items()}})


NORMS = [
    norm_case("batchNorm of rows", batch_norm, (6, 4)),
    norm_case("batchNorm of images", batch_norm, (3, 2, 4, 5)),
    norm_case("layerNorm of rows", layer_norm, (3, 7)),
    norm_case("layerNorm of sequences", layer_norm, (2, 3, 5)),
    norm_case("groupNorm of 2 groups", group_norm(2), (3, 2, 3, 6)),
    norm_case("groupNorm of 1 group", group_norm(1), (2, 5, 4)),
    norm_case("groupNorm of 4 groups", group_norm(4), (2, 3, 4)),
    norm_case("groupNorm of rows", group_norm(2), (3, 6)),
    norm_case("rmsNorm of rows", rms_norm, (3, 7), shifted=False),
    norm_case("rmsNorm of sequences", rms_norm, (2, 3, 5), shifted=False),
]


def embedding_case():
    """Rows of a table, twice some and zeros for numbers outside; and logits by the same table."""
    indices = dict(shape=[3, 4], values=[0, 4, 2, 2, -1, 5, 1, 4, 3, 2, 1000, 0])
    weight, weights = wave((5, 3), 6), wave((3, 4, 5), 7)
    at = jnp.array(indices["values"]).reshape(indices["shape"])

    def rows(table):
        inside = (at >= 0) & (at < table.shape[0])
        return jnp.where(inside[..., None], table[jnp.clip(at, 0, table.shape[0] - 1)], 0.0)

    def logits(table):
        return jnp.tanh(rows(table)) @ table.T

    gradient = jax.grad(lambda table: jnp.sum(logits(table) * array(weights)))(array(weight))
    return dict(indices=indices, weight=weight, weights=weights, rows=flat(rows(array(weight))),
                logits=flat(logits(array(weight))), gradient=flat(gradient))


def activation_case(name, f):
    x = jnp.array(POINTS, dtype=jnp.float64)
    return dict(name=name, values=flat(f(x)), gradients=flat(jax.vmap(jax.grad(f))(x)))


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "layers_jax.json"))
    out = parser.parse_args().out
    oracle = dict(
        madeBy="layers_jax.py", versions=dict(jax=jax.__version__), dtype="float64",
        rules=dict(
            gradients="of the sum of output * weights, and of logits * weights; of activations, of the sum",
            embedding="logits are tanh(rows) · weight transposed; a number outside of the table gives zeros"),
        points=POINTS, activations=[activation_case(name, f) for name, f in ACTIVATIONS.items()],
        epsilon=EPSILON, norms=NORMS, embedding=embedding_case())
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle)) and "NaN" not in text and "Infinity" not in text
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(text)} bytes")


if __name__ == "__main__":
    main()
