"""Writes recurrent_torch.json: recurrent layers, their values and gradients, and a training, in float64, by PyTorch.

The layers are PyTorch's own modules, and packed sequences where there are lengths. Parameters are as Gradpool has them:
weights transposed, and one bias where PyTorch adds two.

    python recurrent_torch.py [--out recurrent_torch.json]
"""

import argparse
import json
import math
import os

import missing_packages

import torch
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from compact_json import dump

torch.set_default_dtype(torch.float64)
B, T, F, H = 5, 4, 3, 2
LENGTHS = [4, 1, 3, 2, 4]
GATES = dict(rnn=1, gru=3, lstm=4)


def wave(shape, seed, scale=1.0):
    """Fixed numbers within ±scale, with four decimals."""
    flat = [round(scale * math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)), 4)
            for k in range(math.prod(shape))]
    return dict(shape=list(shape), values=flat)


def leaf(numbers):
    return torch.tensor(numbers["values"]).reshape(numbers["shape"]).requires_grad_()


def flat(x):
    return [float(value) for value in x.detach().reshape(-1)]


def params_of(kind, features, hidden, seed):
    width = GATES[kind] * hidden
    params = dict(weight=wave((features, width), seed, 0.8), stateWeight=wave((hidden, width), seed + 1, 0.8),
                  bias=wave((width,), seed + 2, 0.5))
    if kind == "gru":
        params["stateBias"] = wave((hidden,), seed + 3, 0.5)
    return params


def as_torch(params, suffix):
    """PyTorch's parameters of one direction. The bias is cut in two parts that add up to it."""
    bias = params["bias"]
    of_state = 0.25 * bias
    if "stateBias" in params:
        hidden = params["stateBias"].shape[0]
        of_state = torch.cat([of_state[:2 * hidden], params["stateBias"]])
        bias = torch.cat([0.75 * bias[:2 * hidden], bias[2 * hidden:]])
    else:
        bias = 0.75 * bias
    return {f"weight_ih_l0{suffix}": params["weight"].T, f"weight_hh_l0{suffix}": params["stateWeight"].T,
            f"bias_ih_l0{suffix}": bias, f"bias_hh_l0{suffix}": of_state}


def run(kind, params, x, lengths=None, initial=None, activation="tanh"):
    """All outputs, and the last state of each direction side by side; of an lstm, the last cells, too."""
    features, hidden = x.shape[-1], params[0]["stateWeight"].shape[0]
    options = dict(nonlinearity=activation) if kind == "rnn" else {}
    make = dict(rnn=torch.nn.RNN, gru=torch.nn.GRU, lstm=torch.nn.LSTM)[kind]
    module = make(features, hidden, batch_first=True, bidirectional=len(params) == 2, **options)
    named = {}
    for direction, suffix in zip(params, ["", "_reverse"]):
        named.update(as_torch(direction, suffix))
    given = x
    if lengths is not None:
        given = pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    states = () if initial is None else (initial,)
    output, last = functional_call(module, named, (given, *states))
    if lengths is not None:
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])
    side_by_side = lambda states: torch.cat(list(states), dim=-1)
    return output, *(side_by_side(states) for states in (last if kind == "lstm" else [last]))


def case(name, kind, directions=1, with_lengths=False, with_initial=False, activation="tanh"):
    given = [params_of(kind, F, H, 10 * i + 1) for i in range(directions)]
    params = [{key: leaf(value) for key, value in each.items()} for each in given]
    x_given, sequence_weights, last_weights = wave((B, T, F), 7, 1.5), wave((B, T, directions * H), 8), \
        wave((B, directions * H), 9)
    x = leaf(x_given)
    first = {}
    if with_initial:
        first = dict(hidden=wave((B, H), 5)) | (dict(cell=wave((B, H), 6)) if kind == "lstm" else {})
    leaves = {key: leaf(value) for key, value in first.items()}
    initial = None
    if with_initial:
        states = tuple(value[None] for value in leaves.values())
        initial = states if kind == "lstm" else states[0]
    lengths = LENGTHS if with_lengths else None
    sequence, last, *cell = run(kind, params, x, lengths, initial, activation)
    cell_weights = wave((B, directions * H), 10)
    weighted = [(sequence, sequence_weights), (last, last_weights), *((states, cell_weights) for states in cell)]
    sum(torch.sum(states * leaf(weights).detach()) for states, weights in weighted).backward()
    prefixes = [""] if directions == 1 else ["forward.", "backward."]
    of_all = {prefix + key: value for prefix, each in zip(prefixes, params) for key, value in each.items()}
    gradients = {key: flat(value.grad) for key, value in {**of_all, **leaves, "x": x}.items()}
    made = dict(name=name, kind=kind, activation=activation, bidirectional=directions == 2, x=x_given,
                params={prefix + key: value for prefix, each in zip(prefixes, given) for key, value in each.items()},
                initial=first, sequenceWeights=sequence_weights, lastWeights=last_weights, sequence=flat(sequence),
                last=flat(last), gradients=gradients)
    if cell:
        made |= dict(cellWeights=cell_weights, cell=flat(cell[0]))
    return made | (dict(lengths=lengths) if with_lengths else {})


def training():
    """Adam on two layers: a GRU whose states an LSTM reads, and classes from its last state."""
    count, classes, hidden, steps = 12, 3, 4, 10
    firsts = {f"first.{key}": value for key, value in params_of("gru", F, hidden, 21).items()}
    firsts |= {f"second.{key}": value for key, value in params_of("lstm", hidden, H, 31).items()}
    firsts |= {"output.weight": wave((H, classes), 41), "output.bias": wave((classes,), 42)}
    x, labels = wave((count, T, F), 43, 1.5), [(5 * i + i // 3) % classes for i in range(count)]
    lengths = [1 + (3 * i + 2) % T for i in range(count)]
    leaves = {key: leaf(value) for key, value in firsts.items()}
    optimizer = torch.optim.Adam(leaves.values(), lr=0.02, betas=(0.9, 0.999), eps=1e-7)
    losses = []
    for _ in range(steps):
        part = lambda name: {key[len(name) + 1:]: value for key, value in leaves.items() if key.startswith(name)}
        states, _ = run("gru", [part("first")], leaf(x).detach(), lengths)
        _, last, _ = run("lstm", [part("second")], states, lengths)
        loss = torch.nn.functional.cross_entropy(last @ leaves["output.weight"] + leaves["output.bias"],
                                                 torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return dict(lr=0.02, beta1=0.9, beta2=0.999, eps=1e-7, x=x, labels=labels, lengths=lengths, firstWeights=firsts,
                losses=losses, weights={key: flat(value) for key, value in leaves.items()})


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "recurrent_torch.json"))
    cases = [
        case("rnn with tanh", "rnn"),
        case("rnn with relu", "rnn", activation="relu"),
        case("gru", "gru"),
        case("lstm", "lstm"),
        case("gru by lengths", "gru", with_lengths=True),
        case("lstm by lengths from a state", "lstm", with_lengths=True, with_initial=True),
        case("gru from a state", "gru", with_initial=True),
        case("rnn in both directions", "rnn", directions=2),
        case("gru in both directions by lengths", "gru", directions=2, with_lengths=True),
        case("lstm in both directions by lengths", "lstm", directions=2, with_lengths=True),
    ]
    oracle = dict(
        madeBy="recurrent_torch.py", versions=dict(torch=torch.__version__.split("+")[0]), dtype="float64",
        rules=dict(
            layouts="row-major",
            gradients="of the sum of sequence * sequenceWeights, last * lastWeights and cell * cellWeights",
            gates="of a weight side by side: reset, update, candidate of a gru, input, forget, candidate, output of an lstm"),
        cases=cases, training=training())
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(parser.parse_args().out, "w") as file:
        file.write(text)
    print(f"{len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
