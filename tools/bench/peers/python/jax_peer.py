"""JAX: one jitted lax.scan over an epoch of batches, parameters donated."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from serve import serve


def make(workload, pixels, labels):
    layers, classify = workload.layers, workload.kind == "classify"
    data = (jnp.asarray(pixels), jnp.asarray(labels))
    rng = np.random.default_rng(0)
    params = [(jnp.asarray(rng.normal(0, math.sqrt(2 / i), (i, o)), jnp.float32), jnp.zeros(o, jnp.float32))
              for i, o in zip(layers, layers[1:])]
    zeros = jax.tree.map(jnp.zeros_like, params)
    # Of its own memory each, since the state is donated.
    state = (params, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(0))

    def loss(params, x, y):
        h = x
        for index, (w, b) in enumerate(params):
            h = h @ w + b
            if index < len(params) - 1:
                h = jax.nn.relu(h)
        if not classify:
            return jnp.mean((h - x) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1))

    def step(state, batch):
        params, m, v, t = state
        cost, g = jax.value_and_grad(loss)(params, *batch)
        t = t + 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        c1, c2 = 1 - 0.9 ** t, 1 - 0.999 ** t
        params = jax.tree.map(lambda p, a, b: p - 1e-3 * (a / c1) / (jnp.sqrt(b / c2) + 1e-8), params, m, v)
        return (params, m, v, t), cost

    epoch = jax.jit(lambda state, data: jax.lax.scan(step, state, data), donate_argnums=0)

    def run(steps):
        nonlocal state
        for _ in range(steps // len(pixels)):
            state, costs = epoch(state, data)
        return costs.mean().block_until_ready()

    return jax.__version__, len(pixels), run


serve(make)
