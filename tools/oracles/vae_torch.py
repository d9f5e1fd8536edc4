"""Writes vae_torch.json: minus the evidence lower bound that a variational autoencoder reaches on MNIST, by PyTorch.

The network is that of the experiment mnist_vae: 784-400-20-400-784, batches of 128, Adam at 0.001, ten epochs. The
bound is of one draw an image, on the 10,000 test images; the training images are the 59,000 that the experiment trains on.

    python vae_torch.py FOLDER [--out vae_torch.json]

FOLDER has train.u8 and test.u8, pixels of the images of the experiment, as tools/oracles/README.md says.
"""

import argparse
import json
import os

import missing_packages

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SEEDS, EPOCHS, BATCH = 3, 10, 128


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.means, self.variances = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.wide, self.output = nn.Linear(20, 400), nn.Linear(400, 784)

    def loss(self, x):
        h = torch.relu(self.hidden(x))
        m, v = self.means(h), self.variances(h)
        code = m + torch.exp(v / 2) * torch.randn_like(m)
        logits = self.output(torch.relu(self.wide(code)))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (reconstruction + 0.5 * (m * m + torch.exp(v) - 1 - v).sum()) / len(x)


def images(folder, name):
    pixels = np.fromfile(os.path.join(folder, name), np.uint8).reshape(-1, 784)
    return torch.tensor(pixels.astype(np.float32) / 255)


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("folder")
    parser.add_argument("--out", default=os.path.join(here, "vae_torch.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train, test = images(arguments.folder, "train.u8"), images(arguments.folder, "test.u8")
    runs = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        net = Vae()
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        tests = []
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(train)).split(BATCH):
                loss = net.loss(train[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                tests.append(round(net.loss(test).item(), 3))
        print(seed, tests, flush=True)
        runs.append(dict(seed=seed, test=tests))
    versions = dict(torch=torch.__version__.split("+")[0], numpy=np.__version__)
    with open(arguments.out, "w") as file:
        json.dump(dict(madeBy="vae_torch.py", versions=versions, images=[len(train), len(test)], runs=runs), file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
