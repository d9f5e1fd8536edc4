"""Writes attention_torch.json: multi-head attention and positions, their values and gradients, in float64, by PyTorch.

    python attention_torch.py [--out attention_torch.json]
"""

import argparse
import json
import math
import os

import missing_packages

import torch
from torch import nn
from torch.nn import functional

from compact_json import dump

torch.set_default_dtype(torch.float64)

BATCH, TIME, KEYS, WIDTH, HEADS = 2, 5, 4, 8, 4


def wave(shape, seed, scale=1.0):
    """Fixed numbers within ±scale, with four decimals."""
    count = math.prod(shape)
    flat = [round(scale * math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)), 4)
            for k in range(count)]
    return dict(shape=list(shape), values=flat)


def tensor(numbers):
    return torch.tensor(numbers["values"]).reshape(numbers["shape"])


def flat(x):
    return [float(v) for v in x.detach().reshape(-1)]


def params_of(key_width, context_width):
    """Weights as PyTorch's transposed: [inputs, outputs]."""
    return {
        "query.weight": wave([WIDTH, WIDTH], 1), "query.bias": wave([WIDTH], 2, 0.3),
        "key.weight": wave([context_width, key_width], 3), "key.bias": wave([key_width], 4, 0.3),
        "value.weight": wave([context_width, key_width], 5), "value.bias": wave([key_width], 6, 0.3),
        "output.weight": wave([WIDTH, WIDTH], 7), "output.bias": wave([WIDTH], 8, 0.3),
    }


def torch_attention(p, x, context, hidden):
    """nn.MultiheadAttention with these weights; hidden: True where a key may not be seen, [queries, keys]."""
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, kdim=context.shape[-1], vdim=context.shape[-1])
    same = context.shape[-1] == WIDTH
    weights = dict(out_proj__weight=p["output.weight"].T, out_proj__bias=p["output.bias"],
                   in_proj_bias=torch.cat([p["query.bias"], p["key.bias"], p["value.bias"]]))
    if same:
        weights["in_proj_weight"] = torch.cat([p["query.weight"].T, p["key.weight"].T, p["value.weight"].T])
    else:
        weights |= dict(q_proj_weight=p["query.weight"].T, k_proj_weight=p["key.weight"].T,
                        v_proj_weight=p["value.weight"].T)
    named = {name.replace("__", "."): value for name, value in weights.items()}
    return torch.func.functional_call(attention, named, (x, context, context), dict(
        need_weights=False, attn_mask=hidden.get("attn"), key_padding_mask=hidden.get("keys")))[0]


def grouped_attention(p, x, context, key_heads, turn=lambda rows: rows, causal=False):
    """functional.scaled_dot_product_attention, in which groups of heads share a head of keys."""
    def heads(rows, count):
        return rows.unflatten(-1, (count, -1)).transpose(1, 2)
    q = turn(heads(x @ p["query.weight"] + p["query.bias"], HEADS))
    k = turn(heads(context @ p["key.weight"] + p["key.bias"], key_heads))
    v = heads(context @ p["value.weight"] + p["value.bias"], key_heads)
    k, v = (rows.repeat_interleave(HEADS // key_heads, dim=1) for rows in (k, v))
    found = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return found.transpose(1, 2).flatten(2) @ p["output.weight"] + p["output.bias"]


def turned(rows):
    """Rotary positions, halves of the features being the points: GPT-NeoX's and Llama's way in transformers."""
    half = rows.shape[-1] // 2
    angles = torch.outer(torch.arange(rows.shape[-2]).double(), 10000.0 ** (-torch.arange(half).double() / half))
    points = torch.complex(rows[..., :half], rows[..., half:]) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([points.real, points.imag], dim=-1)


def sinusoidal(time, width):
    angles = torch.outer(torch.arange(time).double(), 10000.0 ** (-torch.arange(0, width, 2).double() / width))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def case(name, options, apply, params, x, context=None, mask=None):
    p = {key: tensor(value).requires_grad_() for key, value in params.items()}
    rows = tensor(x).requires_grad_()
    other = rows if context is None else tensor(context).requires_grad_()
    output = apply(p, rows, other)
    weights = wave(output.shape, 9)
    (output * tensor(weights)).sum().backward()
    gradients = {key: flat(value.grad) for key, value in p.items()} | dict(x=flat(rows.grad))
    if context is not None:
        gradients["context"] = flat(other.grad)
    return dict(name=name, options=options, params=params, x=x, context=context, mask=mask, output=flat(output),
                weights=weights, gradients=gradients)


def cases():
    x, context = wave([BATCH, TIME, WIDTH], 11), wave([BATCH, KEYS, 6], 12)
    full = params_of(WIDTH, WIDTH)
    seen = [[1, 1, 0, 1], [0, 1, 1, 1]]
    yield case("self", {}, lambda p, x, c: torch_attention(p, x, c, {}), full, x)
    future = torch.ones(TIME, TIME, dtype=torch.bool).triu(1)
    yield case("causal", dict(causal=True), lambda p, x, c: torch_attention(p, x, c, dict(attn=future)), full, x)
    hidden = ~torch.tensor(seen, dtype=torch.bool)
    yield case("cross, with a mask of keys", dict(contextWidth=6),
               lambda p, x, c: torch_attention(p, x, c, dict(keys=hidden)), params_of(WIDTH, 6), x, context,
               dict(shape=[BATCH, 1, 1, KEYS], values=[v for row in seen for v in row]))
    yield case("grouped keys", dict(keyHeads=2, causal=True),
               lambda p, x, c: grouped_attention(p, x, c, 2, causal=True), params_of(WIDTH // 2, WIDTH), x)
    yield case("rotary", dict(rotary=True), lambda p, x, c: grouped_attention(p, x, c, HEADS, turned), full, x)


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "attention_torch.json"))
    out = parser.parse_args().out
    all_cases = list(cases())
    rows = wave([2, 7, 6], 13)
    oracle = dict(
        madeBy="attention_torch.py", versions=dict(torch=torch.__version__.split("+")[0]), dtype="float64",
        rules=dict(layouts="row-major, weights [inputs, outputs]", gradients="of the sum of output * weights",
                   mask="1 where a query may see a key"),
        width=WIDTH, heads=HEADS, cases=all_cases,
        positions=dict(x=rows, sinusoidal=flat(tensor(rows) + sinusoidal(7, 6)), rotary=flat(turned(tensor(rows)))))
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle)) and "NaN" not in text and "Infinity" not in text
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(all_cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
