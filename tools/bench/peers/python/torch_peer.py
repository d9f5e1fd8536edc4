"""PyTorch: nn.Sequential and fused Adam, eager. With --compile, torch.compile makes one graph of the whole step, Adam
included, which on small networks is several times faster than compiling the model alone. With --threads 2, operations
have so many threads."""

import sys
from functools import partial

import torch
from torch import nn

from serve import serve


def make(workload, pixels, labels):
    torch.set_num_threads(int(sys.argv[sys.argv.index("--threads") + 1]) if "--threads" in sys.argv else 1)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    classify = workload.kind == "classify"
    x, y = torch.from_numpy(pixels), torch.from_numpy(labels).long()
    images, classes, taken = list(x), list(y), 0
    model = dense(workload.layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loss(x, y, model=model):
        output = model(x)
        return nn.functional.cross_entropy(output, y) if classify else nn.functional.mse_loss(output, x)

    def step(x, y):
        optimizer.zero_grad(set_to_none=True)
        cost = loss(x, y)
        cost.backward()
        optimizer.step()
        return cost

    if "--compile" in sys.argv:
        step = compiled_step(model, lambda params, x, y: loss(x, y, partial(torch.func.functional_call, model, params)))

    def run(steps):
        nonlocal taken
        for _ in range(steps):
            batch = taken % len(images)
            taken += 1
            cost = step(images[batch], classes[batch])
        return cost.item()

    return torch.__version__, 1, run


def dense(layers):
    modules = []
    for i, o in zip(layers, layers[1:]):
        modules += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def compiled_step(model, loss):
    params = {name: p.detach() for name, p in model.named_parameters()}
    m = {name: torch.zeros_like(p) for name, p in params.items()}
    v = {name: torch.zeros_like(p) for name, p in params.items()}
    t = torch.zeros(())
    gradients = torch.func.grad_and_value(loss)

    @partial(torch.compile, fullgraph=True)
    def step(x, y):
        g, cost = gradients(params, x, y)
        t.add_(1)
        c1, c2 = 1 - 0.9 ** t, 1 - 0.999 ** t
        for name, p in params.items():
            m[name].mul_(0.9).add_(g[name], alpha=0.1)
            v[name].mul_(0.999).add_(g[name] * g[name], alpha=0.001)
            p.sub_(1e-3 * (m[name] / c1) / ((v[name] / c2).sqrt() + 1e-8))
        return cost

    return step


serve(make)
