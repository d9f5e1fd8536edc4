"""Writes optimizers.json: what the optimizers of PyTorch and optax do, in float64, with gradients given as a table.

The gradients do not depend on the parameters, so the side under test needs no model: it feeds gradients[t] at step t
and compares its parameters with the trajectory. Each trajectory is also recomputed here by the plain formula that is
written into the JSON, so that those formulas are known to say what the libraries do.

Lion, the one-cycle schedule and the averages of weights are optax's, which PyTorch lacks or has otherwise; all else is
PyTorch's. Its Muon computes in bfloat16, which is replaced by float64 here.

    python optimizers.py [--out optimizers.json]
"""

import argparse
import json
import math
import os

import missing_packages

import jax
import numpy as np
import optax
import torch

from compact_json import dump

jax.config.update("jax_enable_x64", True)

STEPS = 200
RECORD = [1, 2, 3, 5, 10, 20, 50, 100, 200]
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


# Of Muon: a matrix [inputs, outputs] each, its gradients from the same waves.
MATRICES = dict(tall=(4, 3), wide=(2, 5))


def matrix_table(rows, columns):
    """Gradients of full rank: waves, and an identity that turns its sign now and then."""
    table = []
    for t in range(1, STEPS + 1):
        g = [[round(math.sin(0.41 * t * (i + 1) + 1.7 * j) + (1.5 if i == j else 0) * math.cos(0.05 * t), 6)
              for j in range(columns)] for i in range(rows)]
        table.append(sum(g, []))
    return table


def matrix_start(rows, columns):
    return [round(0.5 * math.sin(2.3 * k + 1), 6) for k in range(rows * columns)]


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
         schedule=dict(kind="cosine", warmupSteps=5, totalSteps=200, min=0.0)),
    dict(name="adam-exponential", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="exponential", gamma=0.95)),
    dict(name="adam-step", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="step", stepSize=15, gamma=0.5)),
    dict(name="adagrad", optimizer="adagrad", lr=0.05, eps=1e-10),
    dict(name="nadam", optimizer="nadam", lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8, momentumDecay=0.004),
    dict(name="nadam-betas", optimizer="nadam", lr=0.01, beta1=0.8, beta2=0.99, eps=1e-6, momentumDecay=0.01),
    dict(name="lion", optimizer="lion", lr=0.003, beta1=0.9, beta2=0.99, weightDecay=0.0),
    dict(name="lion-weight-decay", optimizer="lion", lr=0.01, beta1=0.95, beta2=0.98, weightDecay=0.1),
    dict(name="adam-one-cycle", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="oneCycle", totalSteps=200, rise=0.3, start=0.01 / 25, min=0.01 / 250000)),
    dict(name="adam-restarts", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="restarts", period=20, factor=1, min=0.0)),
    dict(name="adam-restarts-longer", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         schedule=dict(kind="restarts", period=15, factor=2, min=0.001)),
    dict(name="adam-ema", optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, ema=0.98),
    dict(name="muon-tall", optimizer="muon", matrix="tall", lr=0.02, momentum=0.95, nesterov=True, weightDecay=0.1),
    dict(name="muon-wide", optimizer="muon", matrix="wide", lr=0.02, momentum=0.95, nesterov=True, weightDecay=0.1),
    dict(name="muon-plain", optimizer="muon", matrix="wide", lr=0.05, momentum=0.8, nesterov=False, weightDecay=0.0),
]

# Parameters 0 and 1 by AdamW under a schedule of its own, the others by SGD.
GROUPS = dict(name="groups", first=dict(optimizer="adamw", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, weightDecay=0.1,
                                        schedule=dict(kind="exponential", gamma=0.99)),
              rest=dict(optimizer="sgd", lr=0.05, momentum=0.9), split=2)

PLATEAU = dict(lr=0.1, factor=0.5, patience=2, minDelta=0.01, min=0.01,
               metrics=[1.0, 0.8, 0.795, 0.799, 0.7, 0.7, 0.7, 0.7, 0.7, 0.69, 0.6, 0.605, 0.7, 0.5, 0.5, 0.5, 0.5, 0.5,
                        0.5, 0.5, 0.5, 0.5])

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
    "adagrad": "s += g*g; p -= lr * g / (sqrt(s) + eps)",
    "nadam": "mu_t = beta1*(1 - 0.96^(t*momentumDecay)/2); m, v as adam; p -= lr * (mu_{t+1}*m/(1 - mu_1*..*mu_{t+1}) + "
             "(1-mu_t)*g/(1 - mu_1*..*mu_t)) / (sqrt(v/(1-beta2^t)) + eps)",
    "lion": "p -= lr * (sign(beta1*m + (1-beta1)*g) + weightDecay*p); m = beta2*m + (1-beta2)*g",
    "muon": "p and g are matrices [inputs, outputs]; b = momentum*b + (1-momentum)*g; u = nesterov ? (1-momentum)*g + "
            "momentum*b : b; X = u / norm(u); 5 times X = 3.4445*X + (-4.775*A + 2.0315*A*A)*X with A = X*X^T; "
            "p *= 1 - lr*weightDecay; p -= lr*sqrt(max(1, outputs/inputs))*X",
    "ema": "the trajectory is that of the averages: a = (1-ema)*(sum over i of ema^(t-i)*p_i) / (1 - ema^t)",
    "groups": "the first `split` parameters by `first`, the others by `rest`",
    "schedule.oneCycle": "with r = floor(rise*totalSteps): t-1 < r: start + (lr-start)*(1 - cos(pi*(t-1)/r))/2; "
                         "else min + (lr-min)*(1 + cos(pi*(t-1-r)/(totalSteps-r)))/2",
    "schedule.restarts": "min + (lr-min)*(1 + cos(pi*s/n))/2 at step s of a cycle of n steps; n = period, then factor "
                         "times as many each time",
    "plateau": "after each epoch: where its metric is not below the best so far by more than minDelta, for `patience` "
               "epochs in a row, the rate is multiplied by factor, but not below min, and the count begins anew; "
               "rates[i] is that after metrics[i]",
}


def torch_optimizer(config, params):
    kind = config["optimizer"]
    if kind == "sgd":
        return torch.optim.SGD(params, lr=config["lr"], momentum=config.get("momentum", 0.0),
                               nesterov=config.get("nesterov", False), weight_decay=config.get("weightDecay", 0.0))
    if kind == "rmsprop":
        return torch.optim.RMSprop(params, lr=config["lr"], alpha=config["alpha"], eps=config["eps"],
                                   momentum=config.get("momentum", 0.0))
    if kind == "adagrad":
        return torch.optim.Adagrad(params, lr=config["lr"], eps=config["eps"])
    if kind == "muon":
        return torch.optim.Muon(params, lr=config["lr"], momentum=config["momentum"], nesterov=config["nesterov"],
                                weight_decay=config["weightDecay"])
    betas = (config["beta1"], config["beta2"])
    if kind == "nadam":
        return torch.optim.NAdam(params, lr=config["lr"], betas=betas, eps=config["eps"],
                                 momentum_decay=config["momentumDecay"])
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
    if schedule["kind"] == "oneCycle":
        rates = optax.cosine_onecycle_schedule(schedule["totalSteps"], config["lr"], schedule["rise"], 25.0, 1e4)
        return lrs.LambdaLR(optimizer, lambda step: float(rates(step)) / config["lr"])
    if schedule["kind"] == "restarts":
        return lrs.CosineAnnealingWarmRestarts(optimizer, schedule["period"], schedule["factor"], schedule["min"])
    warm = schedule["warmupSteps"]
    return lrs.SequentialLR(optimizer, [
        lrs.LinearLR(optimizer, start_factor=1 / warm, total_iters=warm - 1),
        lrs.CosineAnnealingLR(optimizer, T_max=schedule["totalSteps"] - warm, eta_min=schedule["min"]),
    ], milestones=[warm])


def run_lion(config, table):
    rule = optax.lion(config["lr"], config["beta1"], config["beta2"], weight_decay=config["weightDecay"])
    p = jax.numpy.array(INITIAL, dtype="float64")
    state, trajectory = rule.init(p), {}
    for t, row in enumerate(table, 1):
        updates, state = rule.update(jax.numpy.array(row, dtype="float64"), state, p)
        p = optax.apply_updates(p, updates)
        if t in RECORD:
            trajectory[str(t)] = np.asarray(p).tolist()
    return trajectory


def run_muon(config):
    rows, columns = MATRICES[config["matrix"]]
    # PyTorch's weights are [outputs, inputs].
    start = torch.tensor(matrix_start(rows, columns), dtype=torch.float64).reshape(rows, columns).T.contiguous()
    p = start.clone().requires_grad_(True)
    optimizer = torch_optimizer(config, [p])
    trajectory = {}
    halves, torch.bfloat16 = torch.bfloat16, torch.float64
    for t, row in enumerate(matrix_table(rows, columns), 1):
        p.grad = torch.tensor(row, dtype=torch.float64).reshape(rows, columns).T.contiguous()
        optimizer.step()
        if t in RECORD:
            trajectory[str(t)] = p.detach().T.flatten().tolist()
    torch.bfloat16 = halves
    return trajectory


def muon_by_formula(config):
    rows, columns = MATRICES[config["matrix"]]
    p = np.array(matrix_start(rows, columns)).reshape(rows, columns)
    b, trajectory, momentum = np.zeros_like(p), {}, config["momentum"]
    for t, row in enumerate(matrix_table(rows, columns), 1):
        g = np.array(row).reshape(rows, columns)
        b = momentum * b + (1 - momentum) * g
        u = (1 - momentum) * g + momentum * b if config["nesterov"] else b
        x = u / np.linalg.norm(u)
        for _ in range(5):
            a = x @ x.T
            x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
        p = p * (1 - config["lr"] * config["weightDecay"]) - config["lr"] * math.sqrt(max(1, columns / rows)) * x
        if t in RECORD:
            trajectory[str(t)] = p.flatten().tolist()
    return trajectory


def run_groups(table):
    split = GROUPS["split"]
    parts = [torch.tensor(INITIAL[:split], dtype=torch.float64, requires_grad=True),
             torch.tensor(INITIAL[split:], dtype=torch.float64, requires_grad=True)]
    optimizers = [torch_optimizer(GROUPS[name], [p]) for name, p in zip(["first", "rest"], parts)]
    schedule = torch_schedule(GROUPS["first"], optimizers[0])
    trajectory = {}
    for t, row in enumerate(table, 1):
        parts[0].grad = torch.tensor(row[:split], dtype=torch.float64)
        parts[1].grad = torch.tensor(row[split:], dtype=torch.float64)
        for optimizer in optimizers:
            optimizer.step()
        schedule.step()
        if t in RECORD:
            trajectory[str(t)] = parts[0].tolist() + parts[1].tolist()
    return trajectory


def plateau_rates():
    p = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=PLATEAU["lr"])
    # It waits until more than `patience` epochs have passed.
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=PLATEAU["factor"], patience=PLATEAU["patience"] - 1, threshold=PLATEAU["minDelta"],
        threshold_mode="abs", min_lr=PLATEAU["min"], eps=0)
    rates = []
    for metric in PLATEAU["metrics"]:
        schedule.step(metric)
        rates.append(float(optimizer.param_groups[0]["lr"]))
    return rates


def plateau_by_formula():
    rate, best, bad, rates = PLATEAU["lr"], math.inf, 0, []
    for metric in PLATEAU["metrics"]:
        if metric < best - PLATEAU["minDelta"]:
            best, bad = metric, 0
        else:
            bad += 1
        if bad == PLATEAU["patience"]:
            rate, bad = max(rate * PLATEAU["factor"], PLATEAU["min"]), 0
        rates.append(rate)
    return rates


def run_torch(config, table):
    p = torch.tensor(INITIAL, dtype=torch.float64, requires_grad=True)
    ema, ema_state = None, None
    if "ema" in config:
        ema = optax.ema(config["ema"], debias=True)
        ema_state = ema.init(jax.numpy.zeros(5))
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
        averaged = p.detach()
        if ema:
            averaged, ema_state = ema.update(jax.numpy.array(p.detach().numpy()), ema_state)
        if t in RECORD:
            trajectory[str(t)] = averaged.tolist()
    return trajectory, rates


def rate_by_formula(config, t):
    lr, schedule = config["lr"], config.get("schedule")
    if schedule is None:
        return lr
    if schedule["kind"] == "exponential":
        return lr * schedule["gamma"] ** (t - 1)
    if schedule["kind"] == "step":
        return lr * schedule["gamma"] ** ((t - 1) // schedule["stepSize"])
    if schedule["kind"] == "oneCycle":
        total, low, start = schedule["totalSteps"], schedule["min"], schedule["start"]
        peak = math.floor(schedule["rise"] * total)
        if t - 1 < peak:
            return start + (lr - start) * (1 - math.cos(math.pi * (t - 1) / peak)) / 2
        return low + (lr - low) * (1 + math.cos(math.pi * (t - 1 - peak) / (total - peak))) / 2
    if schedule["kind"] == "restarts":
        s, n = t - 1, schedule["period"]
        while s >= n:
            s, n = s - n, n * schedule["factor"]
        return schedule["min"] + (lr - schedule["min"]) * (1 + math.cos(math.pi * s / n)) / 2
    warm, total, low = schedule["warmupSteps"], schedule["totalSteps"], schedule["min"]
    if t <= warm:
        return lr * t / warm
    return low + (lr - low) * (1 + math.cos(math.pi * (t - 1 - warm) / (total - warm))) / 2


def nadam_momentum(config, t):
    return config["beta1"] * (1 - 0.5 * 0.96 ** (t * config["momentumDecay"]))


def run_by_formula(config, table, start=INITIAL):
    p = np.array(start)
    m, v, b, average, product = np.zeros(len(p)), np.zeros(len(p)), None, np.zeros(len(p)), 1.0
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
        elif kind == "adagrad":
            v = v + g * g
            p = p - lr * g / (np.sqrt(v) + config["eps"])
        elif kind == "lion":
            b1, b2 = config["beta1"], config["beta2"]
            p = p - lr * (np.sign(b1 * m + (1 - b1) * g) + decay * p)
            m = b2 * m + (1 - b2) * g
        elif kind == "nadam":
            b1, b2 = config["beta1"], config["beta2"]
            mu, following = nadam_momentum(config, t), nadam_momentum(config, t + 1)
            product *= mu
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            direction = following * m / (1 - product * following) + (1 - mu) * g / (1 - product)
            p = p - lr * direction / (np.sqrt(v / (1 - b2 ** t)) + config["eps"])
        else:
            if kind == "adamw":
                p = p * (1 - lr * decay)
            b1, b2 = config["beta1"], config["beta2"]
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            p = p - lr * (m / (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t)) + config["eps"])
        if "ema" in config:
            average = config["ema"] * average + (1 - config["ema"]) * p
        if t in RECORD:
            trajectory[str(t)] = (average / (1 - config["ema"] ** t) if "ema" in config else p).tolist()
    return trajectory


def gap_of(trajectory, plain):
    return max(abs(a - b) / max(abs(a), 1e-3) for t in trajectory for a, b in zip(trajectory[t], plain[t]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json"))
    out = parser.parse_args().out
    torch.set_num_threads(1)
    # NAdam keeps a product of its own of this type.
    torch.set_default_dtype(torch.float64)
    table = gradient_table()
    cases = []
    for config in CONFIGS:
        rates = []
        if config["optimizer"] == "muon":
            trajectory, plain = run_muon(config), muon_by_formula(config)
        elif config["optimizer"] == "lion":
            trajectory, plain = run_lion(config, table), run_by_formula(config, table)
        else:
            trajectory, rates = run_torch(config, table)
            plain = run_by_formula(config, table)
        gap = gap_of(trajectory, plain)
        rate_gap = max(abs(r - rate_by_formula(config, t)) for t, r in enumerate(rates, 1)) if rates else 0
        assert gap < 1e-12 and rate_gap < 1e-15, (config["name"], gap, rate_gap)
        case = dict(config)
        if "schedule" in config:
            case["learningRates"] = rates
        case["trajectory"] = trajectory
        cases.append(case)
    split = GROUPS["split"]
    groups = run_groups(table)
    plain = [run_by_formula(GROUPS["first"], [row[:split] for row in table], INITIAL[:split]),
             run_by_formula(GROUPS["rest"], [row[split:] for row in table], INITIAL[split:])]
    assert gap_of(groups, {t: plain[0][t] + plain[1][t] for t in groups}) < 1e-12
    rates = plateau_rates()
    assert max(abs(a - b) for a, b in zip(rates, plateau_by_formula())) < 1e-15
    matrices = {name: dict(shape=shape, initial=matrix_start(*shape), gradients=matrix_table(*shape))
                for name, shape in MATRICES.items()}
    oracle = dict(
        madeBy="optimizers.py", versions=dict(torch=torch.__version__.split("+")[0], optax=optax.__version__, jax=jax.__version__,
                                              numpy=np.__version__),
        dtype="float64", steps=STEPS, recordedSteps=RECORD, rules=RULES,
        initial=INITIAL, gradients=table, cases=cases, groups=dict(GROUPS, trajectory=groups),
        plateau=dict(PLATEAU, rates=rates), matrices=matrices)
    text = dump(oracle) + "\n"
    assert json.loads(text) == json.loads(json.dumps(oracle))
    with open(out, "w") as f:
        f.write(text)
    print(f"{len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
