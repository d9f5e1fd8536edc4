"""Writes optimizers.json: what PyTorch's optimizers do, in float64, with gradients that are given as a table.

The gradients do not depend on the parameters, so the side under test needs no model: it feeds gradients[t] at step t
and compares its parameters with the trajectory. Each trajectory is also recomputed here by the plain formula that is
written into the JSON, so that those formulas are known to say what PyTorch does.

    python optimizers.py [--out optimizers.json]
"""

import argparse
import json
import math
import os

import numpy as np
import torch

from compact_json import dump

STEPS = 50
RECORD = [1, 2, 3, 5, 10, 20, 50]
INITIAL = [1.5, -0.75, 0.1, -2.25, 0.003]
SCALE = [0.9, 0.4, 0.02, 2.5, 0.0003]


def gradient_table():
    """Five parameters with very different scales, sign changes, an outlier every 7th step, a zero every 11th."""
    table = []
    for t in range(1, STEPS + 1):
        row = []
        for i, scale in enumerate(SCALE):
            g = scale * (0.35 + math.sin(0.37 * (i + 1) * t + i) * math.cos(0.11 * t * (i + 2)))
            if (t + i) % 7 == 0:
                g *= 4
            if (t + 2 * i) % 11 == 0:
                g = 0.0
            row.append(round(g, 8))
        table.append(row)
    return table


CONFIGS = [
    dict(name="sgd", optimizer="sgd", lr=0.05),
    dict(name="sgd-momentum", optimizer="sgd", lr=0.05, momentum=0.9),
    dict(name="sgd-nesterov", optimizer="sgd", lr=0.05, momentum=0.9, nesterov=True),
    dict(name="sgd-weight-decay", optimizer="sgd", lr=0.05, weightDecay=0.01),
    dict(name="sgd-nesterov-weight-decay", optimizer="sgd", lr=0.05, momentum=0.9, nesterov=True, weightDecay=0.01),
    dict(name="adam", optimizer="adam", lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8),
    dict(name="adam-betas", optimizer="adam", lr=0.01, beta1=0.8, beta2=0.99, eps=1e-6),
    dict(name="adamw", optimizer="adamw", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, weightDecay=0.01),
    dict(name="rmsprop", optimizer="rmsprop", lr=0.01, alpha=0.99, eps=1e-8),
    dict(name="rmsprop-momentum", optimizer="rmsprop", lr=0.01, alpha=0.99, eps=1e-8, momentum=0.9),
    dict(name="adam-clip-norm", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         clip=dict(kind="norm", max=1.0, normEps=1e-6)),
    dict(name="adam-clip-norm-exact", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         clip=dict(kind="norm", max=1.0, normEps=0.0)),
    dict(name="adam-clip-value", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         clip=dict(kind="value", max=0.5)),
    dict(name="sgd-clip-norm", optimizer="sgd", lr=0.05, clip=dict(kind="norm", max=1.0, normEps=1e-6)),
    dict(name="adam-warmup-cosine", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="cosine", warmupSteps=5, totalSteps=50, min=0.0)),
    dict(name="adam-exponential", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="exponential", gamma=0.95)),
    dict(name="adam-step", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="step", stepSize=15, gamma=0.5)),
]

RULES = {
    "indexing": "t counts steps from 1; gradients[t-1] is the gradient of step t; trajectory values are those after step t; "
                "learningRates[t-1] is the rate used in step t",
    "sgd": "g += weightDecay*p; momentum: b = g at t=1, else momentum*b + g; d = nesterov ? g + momentum*b : b "
           "(d = g without momentum); p -= lr*d",
    "adam": "m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*g*g; "
            "p -= lr * (m/(1-beta1^t)) / (sqrt(v/(1-beta2^t)) + eps)",
    "adamw": "p *= 1 - lr*weightDecay; then as adam",
    "rmsprop": "v = alpha*v + (1-alpha)*g*g; u = g / (sqrt(v) + eps); momentum: b = momentum*b + u (b = 0 at first), "
               "p -= lr*b; else p -= lr*u",
    "clip.norm": "before the update: g *= min(1, max / (l2 norm of all gradients + normEps)); PyTorch's normEps is 1e-6; "
                 "0 is the textbook rule",
    "clip.value": "before the update: g = min(max(g, -max), max)",
    "schedule.cosine": "t <= warmupSteps: lr * t/warmupSteps; "
                       "else min + (lr-min)*(1 + cos(pi*(t-1-warmupSteps)/(totalSteps-warmupSteps)))/2",
    "schedule.exponential": "lr * gamma^(t-1)",
    "schedule.step": "lr * gamma^floor((t-1)/stepSize)",
}


def torch_optimizer(config, params):
    kind = config["optimizer"]
    if kind == "sgd":
        return torch.optim.SGD(params, lr=config["lr"], momentum=config.get("momentum", 0.0),
                               nesterov=config.get("nesterov", False), weight_decay=config.get("weightDecay", 0.0))
    if kind == "rmsprop":
        return torch.optim.RMSprop(params, lr=config["lr"], alpha=config["alpha"], eps=config["eps"],
                                   momentum=config.get("momentum", 0.0))
    betas = (config["beta1"], config["beta2"])
    if kind == "adam":
        return torch.optim.Adam(params, lr=config["lr"], betas=betas, eps=config["eps"])
    return torch.optim.AdamW(params, lr=config["lr"], betas=betas, eps=config["eps"],
                             weight_decay=config["weightDecay"])


def torch_schedule(config, optimizer):
    schedule = config.get("schedule")
    if schedule is None:
        return None
    lrs = torch.optim.lr_scheduler
    if schedule["kind"] == "exponential":
        return lrs.ExponentialLR(optimizer, gamma=schedule["gamma"])
    if schedule["kind"] == "step":
        return lrs.StepLR(optimizer, step_size=schedule["stepSize"], gamma=schedule["gamma"])
    warm = schedule["warmupSteps"]
    return lrs.SequentialLR(optimizer, [
        lrs.LinearLR(optimizer, start_factor=1 / warm, total_iters=warm - 1),
        lrs.CosineAnnealingLR(optimizer, T_max=schedule["totalSteps"] - warm, eta_min=schedule["min"]),
    ], milestones=[warm])


def run_torch(config, table):
    p = torch.tensor(INITIAL, dtype=torch.float64, requires_grad=True)
    optimizer = torch_optimizer(config, [p])
    schedule = torch_schedule(config, optimizer)
    trajectory, rates = {}, []
    for t, row in enumerate(table, 1):
        p.grad = torch.tensor(row, dtype=torch.float64)
        clip = config.get("clip")
        if clip and clip["kind"] == "value":
            torch.nn.utils.clip_grad_value_([p], clip["max"])
        elif clip and clip["normEps"] > 0:
            torch.nn.utils.clip_grad_norm_([p], clip["max"])
        elif clip:
            p.grad *= min(1.0, clip["max"] / torch.linalg.vector_norm(p.grad).item())
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if schedule:
            schedule.step()
        if t in RECORD:
            trajectory[str(t)] = p.detach().tolist()
    return trajectory, rates


def rate_by_formula(config, t):
    lr, schedule = config["lr"], config.get("schedule")
    if schedule is None:
        return lr
    if schedule["kind"] == "exponential":
        return lr * schedule["gamma"] ** (t - 1)
    if schedule["kind"] == "step":
        return lr * schedule["gamma"] ** ((t - 1) // schedule["stepSize"])
    warm, total, low = schedule["warmupSteps"], schedule["totalSteps"], schedule["min"]
    if t <= warm:
        return lr * t / warm
    return low + (lr - low) * (1 + math.cos(math.pi * (t - 1 - warm) / (total - warm))) / 2


def run_by_formula(config, table):
    p = np.array(INITIAL)
    m, v, b = np.zeros(5), np.zeros(5), None
    trajectory = {}
    for t, row in enumerate(table, 1):
        g, lr, kind = np.array(row), rate_by_formula(config, t), config["optimizer"]
        clip = config.get("clip")
        if clip and clip["kind"] == "value":
            g = np.clip(g, -clip["max"], clip["max"])
        elif clip:
            g = g * min(1.0, clip["max"] / (math.sqrt((g * g).sum()) + clip["normEps"]))
        momentum, decay = config.get("momentum", 0.0), config.get("weightDecay", 0.0)
        if kind == "sgd":
            g = g + decay * p
            if momentum:
                b = g if b is None else momentum * b + g
                g = g + momentum * b if config.get("nesterov") else b
            p = p - lr * g
        elif kind == "rmsprop":
            v = config["alpha"] * v + (1 - config["alpha"]) * g * g
            u = g / (np.sqrt(v) + config["eps"])
            if momentum:
                b = u if b is None else momentum * b + u
                u = b
            p = p - lr * u
        else:
            if kind == "adamw":
                p = p * (1 - lr * decay)
            b1, b2 = config["beta1"], config["beta2"]
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            p = p - lr * (m / (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t)) + config["eps"])
        if t in RECORD:
            trajectory[str(t)] = p.tolist()
    return trajectory


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json"))
    out = parser.parse_args().out
    torch.set_num_threads(1)
    table = gradient_table()
    cases = []
    for config in CONFIGS:
        trajectory, rates = run_torch(config, table)
        plain = run_by_formula(config, table)
        gap = max(abs(a - b) / max(abs(a), 1e-3) for t in trajectory for a, b in zip(trajectory[t], plain[t]))
        rate_gap = max(abs(r - rate_by_formula(config, t)) for t, r in enumerate(rates, 1))
        assert gap < 1e-12 and rate_gap < 1e-15, (config["name"], gap, rate_gap)
        case = dict(config)
        if "schedule" in config:
            case["learningRates"] = rates
        case["trajectory"] = trajectory
        cases.append(case)
    oracle = dict(
        madeBy="optimizers.py", versions=dict(torch=torch.__version__.split("+")[0], numpy=np.__version__),
        dtype="float64", steps=STEPS, recordedSteps=RECORD, rules=RULES,
        initial=INITIAL, gradients=table, cases=cases)
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
