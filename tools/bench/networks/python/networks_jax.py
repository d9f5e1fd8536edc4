"""JAX: a jitted step, its state donated; with --scan, one call has a few steps, in a lax.scan."""

import sys

import jax
import jax.numpy as jnp
from jax import lax

from data import read, weights_of
from serve import serve

# Steps of a call with --scan.
CHUNK = 4


def make(workload, numbers, labels):
    scanned = "--scan" in sys.argv
    logits_of = NETWORKS[workload.kind]
    weights = weights_of(workload)
    if workload.kind == "transformer":
        x, y = numbers[:, :, :-1].astype("int32"), numbers[:, :, 1:].astype("int32").reshape(len(numbers), -1)
    else:
        shape = {3072: (32, 32, 3), 784: (28, 28) if workload.kind == "gru" else (28, 28, 1)}[workload.features]
        x = (numbers.astype("float32") / 255).reshape(*numbers.shape[:2], *shape)
        y = labels.astype("int32")
    is_running = lambda name: name.endswith((".mean", ".variance"))
    params = {name: jnp.array(value) for name, value in weights.items() if not is_running(name)}
    running = {name: jnp.array(value) for name, value in weights.items() if is_running(name)}
    zeros = lambda: jax.tree.map(jnp.zeros_like, params)
    state = (params, running, zeros(), zeros(), jnp.float32(0))

    def loss(params, running, x, y):
        moved = {}
        logits = logits_of(Weights(params, running, moved), x)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)), {**running, **moved}

    def step(state, batch):
        params, running, m, v, t = state
        (cost, running), g = jax.value_and_grad(loss, has_aux=True)(params, running, *batch)
        t = t + 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        c1, c2 = 1 - 0.9 ** t, 1 - 0.999 ** t
        params = jax.tree.map(lambda p, a, b: p - 1e-3 * (a / c1) / (jnp.sqrt(b / c2) + 1e-8), params, m, v)
        return (params, running, m, v, t), cost

    if scanned:
        steps_of = jax.jit(lambda state, batches: lax.scan(step, state, batches), donate_argnums=0)
        shaped = [a.reshape(-1, CHUNK, *a.shape[1:]) for a in (x, y)]
    else:
        steps_of, shaped = jax.jit(step, donate_argnums=0), [x, y]
    batches = [tuple(map(jnp.array, batch)) for batch in zip(*shaped)]
    chunk, taken = CHUNK if scanned else 1, 0

    def run(steps):
        nonlocal state, taken
        for _ in range(steps // chunk):
            state, costs = steps_of(state, batches[taken % len(batches)])
            taken += 1
        jax.block_until_ready(state)
        return costs.reshape(-1)[-1]

    return jax.__version__, chunk, run


class Weights:
    """Those below a path; batch norm leaves its running statistics in `moved`."""

    def __init__(self, params, running, moved, path=""):
        self.params, self.running, self.moved, self.path = params, running, moved, path

    def __getattr__(self, name):
        return self[name]

    def __getitem__(self, name):
        path = f"{self.path}{name}"
        if path in self.params:
            return self.params[path]
        return Weights(self.params, self.running, self.moved, f"{path}.")

    def __contains__(self, name):
        return any(path.startswith(f"{self.path}{name}.") for path in self.params)


def dense(w, x):
    return x @ w.weight + w.bias


def conv(x, weight, strides=1):
    extent = weight.shape[0] // 2
    return lax.conv_general_dilated(x, weight, (strides, strides), [(extent, extent)] * 2,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def flatten(x):
    return x.reshape(len(x), -1)


def normed_conv(w, x, strides=1):
    x = conv(x, w.conv.weight, strides)
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    count = x.size // x.shape[-1]
    for name, now in (("mean", mean), ("variance", variance * (count / (count - 1)))):
        path = f"{w.norm.path}{name}"
        w.moved[path] = 0.9 * w.running[path] + 0.1 * now
    return (x - mean) * (lax.rsqrt(variance + 1e-5) * w.norm.scale) + w.norm.shift


def lenet(w, x):
    x = pool(jax.nn.relu(conv(x, w.first.weight) + w.first.bias))
    x = pool(jax.nn.relu(conv(x, w.second.weight) + w.second.bias))
    return dense(w.output, jax.nn.relu(dense(w.hidden, flatten(x))))


def normed(w, x):
    relu = jax.nn.relu
    x = pool(relu(normed_conv(w.second, relu(normed_conv(w.first, x)))))
    x = pool(relu(normed_conv(w.fourth, relu(normed_conv(w.third, x)))))
    return dense(w.output, flatten(x))


def resnet(w, x):
    relu = jax.nn.relu
    x = relu(normed_conv(w.stem, x))
    for block, strides in ((w.blocks["0"], 1), (w.blocks["1"], 2), (w.blocks["2"], 2)):
        inner = normed_conv(block.second, relu(normed_conv(block.first, x, strides)))
        x = relu(inner + (normed_conv(block.shortcut, x, strides) if "shortcut" in block else x))
    return dense(w.output, x.mean((1, 2)))


def rows(w, x):
    r = w.recurrent
    inputs = (x @ r.weight + r.bias).swapaxes(0, 1)
    hidden = r.stateWeight.shape[0]

    def cell(h, inputs):
        both, candidate = jnp.split(h @ r.stateWeight, [2 * hidden], 1)
        gates = jax.nn.sigmoid(inputs[:, :2 * hidden] + both)
        reset, update = gates[:, :hidden], gates[:, hidden:]
        candidate = jnp.tanh(inputs[:, 2 * hidden:] + reset * (candidate + r.stateBias))
        return candidate + update * (h - candidate), None

    last, _ = lax.scan(cell, jnp.zeros((len(x), hidden)), inputs)
    return dense(w.output, last)


def layer_norm(w, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * w.scale + w.shift


def attention(w, x, heads=4):
    batch, time, width = x.shape
    of_heads = lambda part: dense(part, x).reshape(batch, time, heads, width // heads)
    found = jax.nn.dot_product_attention(of_heads(w.query), of_heads(w.key), of_heads(w.value), is_causal=True)
    return dense(w.output, found.reshape(batch, time, width))


def transformer(w, x):
    x = w.words.weight[x] + w.positions.weight
    for block in (w.blocks["0"], w.blocks["1"]):
        looking, thinking = block["0"], block["1"]
        x = x + attention(looking["1"], layer_norm(looking["0"], x))
        x = x + dense(thinking["2"], jax.nn.gelu(dense(thinking["1"], layer_norm(thinking["0"], x))))
    x = dense(w.output, layer_norm(w.norm, x))
    return x.reshape(-1, x.shape[-1])


NETWORKS = dict(lenet=lenet, normed=normed, resnet=resnet, gru=rows, transformer=transformer)

if __name__ == "__main__":
    serve(make, read)
