"""Writes convolution_jax.json: small trainings of convolutional networks, in float64, with JAX's autograd and Adam.

Everything that training needs (data, first weights, the batches) is in the JSON, so the side under test needs no random
numbers. Convolutions, pooling and their gradients are XLA's.

    python convolution_jax.py [--out convolution_jax.json]
"""

import argparse
import json
import math
import os

import missing_packages

import jax
import jax.numpy as jnp
from jax import lax

from compact_json import dump

jax.config.update("jax_enable_x64", True)

STEPS, BATCH, EXAMPLES, LR = 12, 4, 10, 0.01
SIZE, CLASSES = 8, 3
BATCHES = [[(7 * (BATCH * s + k) + s) % EXAMPLES for k in range(BATCH)] for s in range(STEPS)]


def wave(shape, seed, scale):
    """Fixed numbers within ±scale, with four decimals."""
    count = math.prod(shape)
    flat = [round(scale * math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)), 4)
            for k in range(count)]
    return dict(shape=list(shape), values=flat)


IMAGES = wave((EXAMPLES, SIZE, SIZE, 2), 3, 1.0)
LABELS = [(2 * k + k // 4) % CLASSES for k in range(EXAMPLES)]


def conv(x, weight, strides=1, padding="SAME", dilations=1, groups=1):
    return lax.conv_general_dilated(x, weight, (strides, strides), padding, rhs_dilation=(dilations, dilations),
                                    feature_group_count=groups, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pool(x, window, strides, padding="VALID"):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, window, window, 1), (1, strides, strides, 1), padding)


def average_pool(x, window, strides, padding="VALID"):
    total = lambda y: lax.reduce_window(y, 0.0, lax.add, (1, window, window, 1), (1, strides, strides, 1), padding)
    return total(x) / total(jnp.ones_like(x))


def transposed(x, weight, strides, shape):
    """The gradient of the convolution by its operand, of this shape."""
    forward = lambda y: conv(y, weight, strides)
    return jax.vjp(forward, jnp.zeros(shape))[1](x)[0]


def lenet(p, x):
    x = max_pool(jax.nn.relu(conv(x, p["first.weight"]) + p["first.bias"]), 2, 2)
    x = max_pool(jax.nn.relu(conv(x, p["second.weight"], padding=[(1, 1), (1, 1)]) + p["second.bias"]), 2, 2)
    x = x.reshape(x.shape[0], -1)
    return x @ p["output.weight"] + p["output.bias"]


def others(p, x):
    x = jnp.tanh(conv(x, p["strided.weight"], 2, [(1, 0), (2, 1)]) + p["strided.bias"])
    x = conv(x, p["separable.depthwise.weight"], groups=4)
    x = jnp.tanh(conv(x, p["separable.pointwise.weight"]) + p["separable.pointwise.bias"])
    x = max_pool(x, 3, 1, "SAME")
    x = jnp.tanh(conv(x, p["grouped.weight"], 1, [(2, 2), (2, 2)], 2, 2) + p["grouped.bias"])
    up = transposed(x, p["up.weight"], 2, (x.shape[0], 2 * x.shape[1], 2 * x.shape[2], 3))
    x = average_pool(jnp.tanh(up + p["up.bias"]), 3, 2, "SAME")
    return jnp.mean(x, (1, 2)) @ p["output.weight"] + p["output.bias"]


CASES = {
    "lenet": (lenet, {
        "first.weight": wave((3, 3, 2, 3), 1, 0.5), "first.bias": wave((3,), 2, 0.2),
        "second.weight": wave((3, 3, 3, 4), 3, 0.4), "second.bias": wave((4,), 4, 0.2),
        "output.weight": wave((16, CLASSES), 5, 0.4), "output.bias": wave((CLASSES,), 6, 0.1),
    }),
    "others": (others, {
        "strided.weight": wave((3, 3, 2, 4), 7, 0.4), "strided.bias": wave((4,), 8, 0.1),
        "separable.depthwise.weight": wave((3, 3, 1, 8), 9, 0.5),
        "separable.pointwise.weight": wave((1, 1, 8, 6), 10, 0.5), "separable.pointwise.bias": wave((6,), 11, 0.1),
        "grouped.weight": wave((3, 3, 3, 4), 12, 0.4), "grouped.bias": wave((4,), 13, 0.1),
        "up.weight": wave((4, 4, 3, 4), 14, 0.4), "up.bias": wave((3,), 15, 0.1),
        "output.weight": wave((3, CLASSES), 16, 0.9), "output.bias": wave((CLASSES,), 17, 0.1),
    }),
}


def array(numbers):
    return jnp.array(numbers["values"], dtype=jnp.float64).reshape(numbers["shape"])


def train(network, first):
    images, labels = array(IMAGES), jnp.array(LABELS)
    params = {name: array(value) for name, value in first.items()}

    def loss_of(p, rows):
        logits = network(p, images[rows])
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[rows][:, None], 1))

    m = {name: jnp.zeros_like(value) for name, value in params.items()}
    v = dict(m)
    losses, first_gradients = [], None
    for step, rows in enumerate(BATCHES):
        loss, gradients = jax.value_and_grad(loss_of)(params, jnp.array(rows))
        losses.append(float(loss))
        first_gradients = first_gradients or gradients
        for name, g in gradients.items():
            m[name] = 0.9 * m[name] + 0.1 * g
            v[name] = 0.999 * v[name] + 0.001 * g * g
            corrected = m[name] / (1 - 0.9 ** (step + 1)), v[name] / (1 - 0.999 ** (step + 1))
            params[name] = params[name] - LR * corrected[0] / (jnp.sqrt(corrected[1]) + 1e-8)
    flat = lambda values: {name: [float(x) for x in value.reshape(-1)] for name, value in values.items()}
    return dict(losses=losses, firstGradients=flat(first_gradients), finalWeights=flat(params))


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "convolution_jax.json"))
    out = parser.parse_args().out
    oracle = dict(
        madeBy="convolution_jax.py", versions=dict(jax=jax.__version__), dtype="float64",
        rules=dict(
            layouts="images [example][row][column][channel]; filters [row][column][channel of a group][filter]; row-major",
            loss="mean over the batch of -log softmax(logits)[label]",
            losses="losses[s] is the loss of batch s before its update; firstGradients are those of batch 0"),
        optimizer=dict(name="adam", lr=LR, beta1=0.9, beta2=0.999, eps=1e-8),
        images=IMAGES, labels=LABELS, batches=BATCHES,
        cases=[dict(name=name, firstWeights=first, **train(network, first)) for name, (network, first) in CASES.items()])
    for case in oracle["cases"]:
        print(case["name"], f"loss {case['losses'][0]:.4f} -> {case['losses'][-1]:.4f}")
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(text)} bytes")


if __name__ == "__main__":
    main()
