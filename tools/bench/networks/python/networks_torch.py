"""PyTorch: modules and fused Adam, eager; convolutions with channels last. With --compile, forward and backward are
compiled."""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from data import read, weights_of
from serve import serve


def make(workload, numbers, labels):
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    model = NETWORKS[workload.kind]()
    load(model, weights_of(workload))
    x, y = torch.from_numpy(numbers), torch.from_numpy(labels.astype(np.int64))
    if workload.kind == "transformer":
        x = x.long()
        batches = [(text[:, :-1].contiguous(), text[:, 1:].reshape(-1)) for text in x]
    else:
        shape = {3072: (32, 32, 3), 784: (28, 28, 1)}[workload.features]
        images = x.float() / 255
        if workload.kind == "gru":
            batches = list(zip(images.view(*images.shape[:2], 28, 28), y))
        else:
            # Channels last in memory, though not by their name.
            batches = list(zip(images.view(*images.shape[:2], *shape).permute(0, 1, 4, 2, 3), y))
            model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loss(x, y):
        return functional.cross_entropy(model(x), y)

    if "--compile" in sys.argv:
        torch._dynamo.config.allow_rnn = True
        loss = torch.compile(loss, fullgraph=True)
    taken = 0

    def run(steps):
        nonlocal taken
        for _ in range(steps):
            x, y = batches[taken % len(batches)]
            taken += 1
            optimizer.zero_grad(set_to_none=True)
            cost = loss(x, y)
            cost.backward()
            optimizer.step()
        return cost.item()

    return torch.__version__, 1, run


class Lenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)
        self.hidden, self.output = nn.Linear(7 * 7 * 64, 1024), nn.Linear(1024, 10)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.first(x)), 2)
        x = functional.max_pool2d(functional.relu(self.second(x)), 2)
        return self.output(functional.relu(self.hidden(flatten(x))))


class NormedConv(nn.Module):
    def __init__(self, channels, filters, strides=1, window=3):
        super().__init__()
        self.conv = nn.Conv2d(channels, filters, window, stride=strides, padding=window // 2, bias=False)
        self.norm = nn.BatchNorm2d(filters)

    def forward(self, x):
        return self.norm(self.conv(x))


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = NormedConv(1, 32), NormedConv(32, 32)
        self.third, self.fourth = NormedConv(32, 64), NormedConv(64, 64)
        self.output = nn.Linear(7 * 7 * 64, 10)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.second(functional.relu(self.first(x)))), 2)
        x = functional.max_pool2d(functional.relu(self.fourth(functional.relu(self.third(x)))), 2)
        return self.output(flatten(x))


class ResidualBlock(nn.Module):
    def __init__(self, channels, filters, strides):
        super().__init__()
        self.first, self.second = NormedConv(channels, filters, strides), NormedConv(filters, filters)
        self.shortcut = NormedConv(channels, filters, strides, 1) if strides > 1 else nn.Identity()

    def forward(self, x):
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


class Resnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = NormedConv(3, 16)
        self.blocks = nn.Sequential(ResidualBlock(16, 16, 1), ResidualBlock(16, 32, 2), ResidualBlock(32, 64, 2))
        self.output = nn.Linear(64, 10)

    def forward(self, x):
        return self.output(self.blocks(functional.relu(self.stem(x))).mean((2, 3)))


class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.recurrent, self.output = nn.GRU(28, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.output(self.recurrent(x)[1][0])


class Attention(nn.Module):
    """Causal, with one product for queries, keys and values."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.all, self.output = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, time, width = x.shape
        query, key, value = self.all(x).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(found.transpose(1, 2).reshape(batch, time, width))


class GeluLinear(nn.Linear):
    def forward(self, x):
        return functional.gelu(super().forward(x), approximate="tanh")


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Transformer(nn.Module):
    def __init__(self, width=128, heads=4, layers=2, length=64, characters=96):
        super().__init__()
        self.words, self.positions = nn.Embedding(characters, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(nn.Sequential(
            Residual(nn.LayerNorm(width), Attention(width, heads)),
            Residual(nn.LayerNorm(width), GeluLinear(width, 4 * width), nn.Linear(4 * width, width)),
        ) for _ in range(layers)))
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, characters)

    def forward(self, x):
        return self.output(self.norm(self.blocks(self.words(x) + self.positions.weight))).flatten(0, 1)


NETWORKS = dict(lenet=Lenet, normed=Normed, resnet=Resnet, gru=Rows, transformer=Transformer)


def flatten(x):
    """In the order of rows, columns, channels, which channels last have in memory."""
    return x.permute(0, 2, 3, 1).flatten(1)


def load(model, weights):
    """Gives the modules the weights of these names, each of which has its place."""
    left = dict(weights)
    for path, module in model.named_modules():
        for name, value in weights_for(module, lambda own: left.pop(f"{path}.{own}")):
            target = module.get_parameter(name)
            value = torch.from_numpy(np.ascontiguousarray(value))
            assert target.shape == value.shape, (path, name, target.shape, value.shape)
            target.data = value
    unused = [name for name in left if not name.endswith((".norm.mean", ".norm.variance"))]
    assert not unused, unused


def weights_for(module, take):
    if isinstance(module, nn.Conv2d):
        yield "weight", take("weight").transpose(3, 2, 0, 1)
        if module.bias is not None:
            yield "bias", take("bias")
    elif isinstance(module, nn.Linear) and module.out_features == 3 * module.in_features:
        pass  # The attention's.
    elif isinstance(module, nn.Linear):
        yield "weight", take("weight").T
        yield "bias", take("bias")
    elif isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
        yield "weight", take("scale")
        yield "bias", take("shift")
    elif isinstance(module, nn.Embedding):
        yield "weight", take("weight")
    elif isinstance(module, Attention):
        parts = ("query", "key", "value")
        yield "all.weight", np.concatenate([take(f"{part}.weight") for part in parts], 1).T
        yield "all.bias", np.concatenate([take(f"{part}.bias") for part in parts])
    elif isinstance(module, nn.GRU):
        of_candidate = take("stateBias")
        yield "weight_ih_l0", take("weight").T
        yield "weight_hh_l0", take("stateWeight").T
        yield "bias_ih_l0", take("bias")
        yield "bias_hh_l0", np.concatenate([np.zeros(2 * len(of_candidate), np.float32), of_candidate])


if __name__ == "__main__":
    serve(make, read)
