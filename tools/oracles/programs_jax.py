"""Writes packages/engine-contract/oracle/programs_jax.json: values and gradients of 500 random calculations, by JAX in float64.

    node programs.mjs FILE && python programs_jax.py FILE [--out RESULTS]

FILE has the calculations (packages/engine-contract/src/oracle): what users call, op by op, with options and inputs. Each
op is written anew here with jax.numpy and jax.lax, as NumPy defines it, and gradients are those of jax.grad through the
whole; of none of them is Gradpool asked. Types and shapes are compared with those that Gradpool says.

float64, since the reference evaluator computes in float64, too: so it must agree to eight digits, which no rounding of
float32 could tell from a small mistake. Engines compute in float32, and are compared less closely.

Where there is no one derivative, JAX and Gradpool have the same, and equal elements, zeros among them, are in one input
of three: 0 of relu at 0; half for each of two equal elements of maximum and minimum; equal shares of equal largest
elements of max; the first of equals in maxPool, sort and topK. Only that of abs at 0 is 1 by JAX; here it is 0, as by
Gradpool, PyTorch and TensorFlow. A negative base of pow has a whole, constant exponent, since its logarithm is none;
logarithms and roots are of what is positive. Numbers outside of a table, which JAX would take from the end or clamp, are
rows of zeros here, as Gradpool documents them. Calculations are left out where an order, a comparison or a truncation
hangs on a rounding of float32 (well-conditioned.ts).
"""

import argparse
import json
import os

# Each calculation is compiled, and run once.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import missing_packages

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)

DIGITS = 8
DTYPES = dict(f32=jnp.float64, i32=jnp.int32, u8=jnp.uint8)
SMALLEST = 2.0 ** -126


def real(x):
    return x if x.dtype == jnp.float64 else x.astype(jnp.float64)


def on_reals(function):
    return lambda options, *xs: function(*(real(x) for x in xs))


def unchanged_gradient(x, value):
    """The value, with the gradient of x."""
    return lax.stop_gradient(value) + (x - lax.stop_gradient(x))


def flush_below(a, b):
    return unchanged_gradient(a, jnp.where(jnp.abs(a) < b, 0.0, a))


def cast(options, x):
    dtype = options["dtype"]
    if dtype == "f32":
        return real(x)
    limits = jnp.iinfo(DTYPES[dtype])
    return jnp.clip(jnp.trunc(lax.stop_gradient(real(x))), limits.min, limits.max).astype(DTYPES[dtype])


def axes_of(options):
    return tuple(options["axes"]) if "axes" in options else None


def reduction(function):
    return lambda options, x: function(real(x), axis=axes_of(options), keepdims=options.get("keepDims", False))


def cumsum(options, x):
    axis = options["axis"]
    turned = (lambda t: jnp.flip(t, axis)) if options["reverse"] else (lambda t: t)
    return turned(jnp.cumsum(turned(real(x)), axis=axis))


def places_in_order(x, axis, descending):
    x = lax.stop_gradient(x)
    return jnp.argsort(-x if descending else x, axis=axis, stable=True)


def sort(options, x):
    x = real(x)
    if not options["descending"]:
        return jnp.sort(x, axis=options["axis"], stable=True)
    return jnp.take_along_axis(x, places_in_order(x, options["axis"], True), axis=options["axis"])


def top_k(options, x):
    values, places = lax.top_k(real(x), options["count"])
    return values if options["name"] == "values" else places


def matmul(options, a, b):
    a, b = real(a), real(b)
    a = jnp.swapaxes(a, -1, -2) if options.get("transposeA") else a
    b = jnp.swapaxes(b, -1, -2) if options.get("transposeB") else b
    return jnp.matmul(a, b)


def scanned(which):
    def loop(options, initial, sequence, *lengths):
        def cell(state, step):
            x, number = step
            following = jnp.tanh(state * 0.5 + x)
            output = following * state
            if lengths:
                live = (number < lengths[0])[:, None]
                following, output = jnp.where(live, following, state), jnp.where(live, output, 0.0)
            return following, output

        steps = jnp.moveaxis(sequence, 1, 0), jnp.arange(sequence.shape[1])
        state, outputs = lax.scan(cell, initial, steps, reverse=options["reverse"])
        return state if which == "state" else jnp.moveaxis(outputs, 0, 1)

    return loop


def sliced(options, x):
    starts = options["starts"]
    stops = [start + size if size >= 0 else extent
             for start, size, extent in zip(starts, options["sizes"], x.shape)]
    return x[tuple(slice(start, stop) for start, stop in zip(starts, stops))]


def pad(options, x):
    around = [(before, whole - extent - before)
              for before, whole, extent in zip(options["before"], options["shape"], x.shape)]
    if "mode" in options:
        return jnp.pad(x, around, mode=options["mode"])
    return jnp.pad(x, around, constant_values=options.get("value", 0))


def resize(options, x):
    shape = [x.shape[0], *options["sizes"], x.shape[-1]]
    method = dict(nearest="nearest", bilinear="linear")[options["mode"]]
    return jax.image.resize(x, shape, method=method, antialias=False)


def outside_as(indices, extent):
    """Indices that are outside, as one that is beyond the end."""
    indices = indices.astype(jnp.int32)
    return jnp.where((indices < 0) | (indices >= extent), extent, indices)


def gather(options, table, indices):
    axis = options["axis"]
    indices = outside_as(indices, table.shape[axis])
    return jnp.take(table, indices, axis=axis, mode="fill", fill_value=0)


def scatter_add(options, updates, indices):
    rows = options["rows"]
    table = jnp.zeros([rows, *updates.shape[indices.ndim:]])
    return table.at[outside_as(indices, rows)].add(updates, mode="drop")


def one_hot(options, x):
    return (x.astype(jnp.int32)[..., None] == jnp.arange(options["depth"])).astype(jnp.float64)


def each_axis(given, rank):
    return given if isinstance(given, list) else [given] * rank


def padding_of(options, rank):
    padding = options.get("padding", "valid")
    return padding.upper() if isinstance(padding, str) else [
        (each, each) if isinstance(each, int) else tuple(each) for each in each_axis(padding, rank)]


LAYOUTS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


def conv(options, x, kernel):
    rank = x.ndim - 2
    return lax.conv_general_dilated(
        x, kernel, each_axis(options["strides"], rank), padding_of(options, rank),
        rhs_dilation=each_axis(options["dilations"], rank), dimension_numbers=LAYOUTS[rank],
        feature_group_count=options["groups"])


def conv_transpose(options, y, kernel):
    """The gradient of conv by its input, which is linear in it."""
    rank = y.ndim - 2
    strides, dilations = each_axis(options["strides"], rank), each_axis(options["dilations"], rank)
    widths = [(taps - 1) * dilation + 1 for taps, dilation in zip(kernel.shape, dilations)]
    padding = padding_of(options, rank)
    if padding == "SAME":
        outputs = [extent * stride for extent, stride in zip(y.shape[1:-1], strides)]
    else:
        around = [(0, 0)] * rank if padding == "VALID" else padding
        outputs = [(extent - 1) * stride + width - before - after for extent, stride, width, (before, after)
                   in zip(y.shape[1:-1], strides, widths, around)]
    outputs = options.get("outputs", outputs)
    channels = options["groups"] * kernel.shape[-2]
    x = jnp.zeros([y.shape[0], *outputs, channels])
    return jax.vjp(lambda x: conv(options, x, kernel), x)[1](y)[0]


def windows(options, x, start, combine):
    rank = x.ndim - 2
    window = each_axis(options["window"], rank)
    strides = each_axis(options.get("strides", window), rank)
    padding = padding_of(options, rank)
    around = padding if isinstance(padding, str) else [(0, 0), *padding, (0, 0)]
    return lax.reduce_window(x, start, combine, (1, *window, 1), (1, *strides, 1), around)


def max_pool(options, x):
    return windows(options, x, -jnp.inf, lax.max)


def average_pool(options, x):
    return windows(options, x, 0.0, lax.add) / windows(options, jnp.ones_like(x), 0.0, lax.add)


OPS = {
    # Of gradient 0 at 0, as PyTorch and TensorFlow have it; that of jnp.abs is 1.
    "abs": on_reals(lambda x: x * lax.stop_gradient(jnp.sign(x))),
    "cos": on_reals(jnp.cos),
    "erf": on_reals(jax.scipy.special.erf),
    "exp": on_reals(jnp.exp),
    "flush": on_reals(lambda x: flush_below(x, SMALLEST)),
    "neg": on_reals(jnp.negative),
    "relu": on_reals(jax.nn.relu),
    "sigmoid": on_reals(jax.nn.sigmoid),
    "sin": on_reals(jnp.sin),
    "square": on_reals(jnp.square),
    "stopGradient": on_reals(lax.stop_gradient),
    "tanh": on_reals(jnp.tanh),
    "log": on_reals(jnp.log),
    "log1p": on_reals(jnp.log1p),
    "sqrt": on_reals(jnp.sqrt),
    "checkpoint": on_reals(lambda x: jnp.sin(jnp.tanh(x) * x)),
    "add": on_reals(jnp.add),
    "sub": on_reals(jnp.subtract),
    "mul": on_reals(jnp.multiply),
    "div": on_reals(jnp.divide),
    "maximum": on_reals(jnp.maximum),
    "minimum": on_reals(jnp.minimum),
    "pow": on_reals(jnp.power),
    "flushBelow": on_reals(flush_below),
    "equal": on_reals(lambda a, b: real(a == b)),
    "notEqual": on_reals(lambda a, b: real(a != b)),
    "less": on_reals(lambda a, b: real(a < b)),
    "lessEqual": on_reals(lambda a, b: real(a <= b)),
    "greater": on_reals(lambda a, b: real(a > b)),
    "greaterEqual": on_reals(lambda a, b: real(a >= b)),
    "select": on_reals(lambda condition, a, b: jnp.where(condition != 0, a, b)),
    "where": on_reals(lambda condition, a, b: jnp.where(condition != 0, a, b)),
    "cast": cast,
    "sum": reduction(jnp.sum),
    "mean": reduction(jnp.mean),
    "max": reduction(jnp.max),
    "logSumExp": reduction(jax.nn.logsumexp),
    "argMax": on_reals(lambda x: jnp.argmax(x, axis=-1).astype(jnp.int32)),
    "softmax": on_reals(lambda x: jax.nn.softmax(x, axis=-1)),
    "logSoftmax": on_reals(lambda x: jax.nn.log_softmax(x, axis=-1)),
    "cumsum": cumsum,
    "matmul": matmul,
    "einsum": lambda options, *xs: jnp.einsum(options["text"], *xs),
    "scanState": scanned("state"),
    "scanOutputs": scanned("outputs"),
    "reshape": lambda options, x: x.reshape(options["shape"]),
    "transpose": lambda options, x: jnp.transpose(x, options.get("permutation")),
    "broadcastTo": lambda options, x: jnp.broadcast_to(x, options["shape"]),
    "slice": sliced,
    "concat": lambda options, *xs: jnp.concatenate(xs, axis=options["axis"]),
    "flip": lambda options, x: jnp.flip(x, axes_of(options)),
    "pad": pad,
    "resize": resize,
    "gather": gather,
    "scatterAdd": scatter_add,
    "oneHot": one_hot,
    "sort": sort,
    "argSort": lambda options, x: places_in_order(real(x), options["axis"], options["descending"]).astype(jnp.int32),
    "topK": top_k,
    "conv": conv,
    "convTranspose": conv_transpose,
    "maxPool": max_pool,
    "averagePool": average_pool,
}


def given(step):
    """The numbers of an input or a constant."""
    values = jnp.array(step["options"]["values"], dtype=DTYPES[step["dtype"]])
    return values.reshape(step["shape"])


def is_parameter(step):
    return step["op"] == "input" and step["dtype"] == "f32"


def evaluate(recipe, parameters):
    """All values, of these values of the f32 inputs."""
    left = list(parameters)
    values = []
    for step in recipe["steps"]:
        if is_parameter(step):
            value = left.pop(0)
        elif step["op"] in ("input", "constant"):
            value = given(step)
        else:
            value = OPS[step["op"]](step["options"], *(values[place] for place in step["of"]))
        if list(value.shape) != step["shape"] or value.dtype != DTYPES[step["dtype"]]:
            raise AssertionError(f"{recipe['seed']}: {step['op']} is {value.dtype}{value.shape}, not {step}")
        values.append(value)
    return [values[place] for place in recipe["leaves"]]


def weights_of(size):
    return jnp.array([((i * 5 + 1) % 8) / 4 - 0.875 for i in range(size)])


def outcome(recipe, parameters):
    """The values of the leaves, and the gradients by the parameters."""
    def loss_of(parameters):
        leaves = evaluate(recipe, parameters)
        reals = [leaf for leaf in leaves if leaf.dtype == jnp.float64]
        return sum((jnp.sum(leaf.ravel() * (leaf.ravel() + weights_of(leaf.size))) for leaf in reals), jnp.zeros(())), leaves

    def squares_of(parameters):
        gradients, leaves = jax.grad(loss_of, has_aux=True)(parameters)
        return sum((jnp.sum(jnp.square(gradient)) for gradient in gradients), jnp.zeros(())), leaves

    return jax.grad(loss_of if recipe["order"] == 1 else squares_of, has_aux=True)(parameters)


def numbers(x):
    flat = [float(f"{v:.{DIGITS}g}") for v in np.asarray(x, dtype=np.float64).ravel()]
    assert np.all(np.isfinite(flat))
    return [int(v) if v == int(v) else v for v in flat]


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("recipes")
    parser.add_argument("--out", default=os.path.join(here, "../../packages/engine-contract/oracle/programs_jax.json"))
    args = parser.parse_args()
    with open(args.recipes) as f:
        entries = json.load(f)
    programs = []
    for entry in entries:
        recipe = entry["recipe"]
        parameters = [given(step) for step in recipe["steps"] if is_parameter(step)]
        gradients, values = jax.jit(lambda parameters: outcome(recipe, parameters))(parameters)
        programs.append(dict(seed=recipe["seed"], digest=entry["digest"], values=[numbers(v) for v in values],
                             gradients=[numbers(g) for g in gradients]))
    head = dict(madeBy="programs_jax.py", versions=dict(jax=jax.__version__), dtype="float64", digits=DIGITS)
    # A line for each program.
    lines = ",\n".join("  " + json.dumps(program, separators=(",", ":")) for program in programs)
    text = "{" + "".join(f"\n {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items())
    text += f'\n "programs": [\n{lines}\n ]\n}}\n'
    assert json.loads(text) == dict(**head, programs=programs)
    with open(args.out, "w") as f:
        f.write(text)
    print(f"{len(programs)} programs, {len(text)} bytes")


if __name__ == "__main__":
    main()
