"""Writes weights_torch/: networks that PyTorch trained, as files of weights, with inputs and what PyTorch makes of them.

    python weights_torch.py [--out weights_torch]

lenet.safetensors, lenet.npz   a small LeNet with batch norm, f32
numbers.safetensors, numbers.npz   the same numbers as every type, with their values in numbers.json
recurrent.safetensors, recurrent.json   a GRU in both directions and an LSTM of two layers, in the same form
transformer.safetensors, transformer.json   two layers of self-attention on embedded characters, in the same form
lenet.json   inputs [row, height, width, channel], their logits, and the loss of a training step on them, by PyTorch in
             float64 from the f32 weights
"""

import argparse
import math
import os

import missing_packages

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from compact_json import dump


def wave(shape, seed):
    count = math.prod(shape)
    flat = [math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)) for k in range(count)]
    return torch.tensor(flat, dtype=torch.float32).reshape(shape)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 5, padding=2)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.fc1 = nn.Linear(6 * 3 * 3, 16)
        self.fc2 = nn.Linear(16, 5)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.norm(self.conv2(x))), 2)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


def train(net, images, labels, steps):
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(steps):
        rows = [(7 * step + k) % len(images) for k in range(16)]
        loss = nn.functional.cross_entropy(net(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def lenet(folder):
    torch.manual_seed(1)
    net = LeNet()
    images = wave([40, 1, 12, 12], 3)
    labels = torch.tensor([k % 5 for k in range(40)])
    train(net, images, labels, 60)
    state = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    save_file(state, os.path.join(folder, "lenet.safetensors"))
    np.savez(os.path.join(folder, "lenet.npz"), **{name: tensor.numpy() for name, tensor in state.items()})
    net.eval().double()
    with torch.no_grad():
        logits = net(images[:6].double())
        net.train()
        loss = nn.functional.cross_entropy(net(images[:6].double()), labels[:6]).item()
    return dict(
        loss=loss,
        images=[round(float(x), 9) for x in images[:6].permute(0, 2, 3, 1).reshape(-1)],
        logits=[float(x) for x in logits.reshape(-1)],
    )


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 4, batch_first=True, bidirectional=True)
        self.lstm = nn.LSTM(8, 5, num_layers=2, batch_first=True)
        self.fc = nn.Linear(5, 3)

    def forward(self, x):
        _, (hidden, _) = self.lstm(self.gru(x)[0])
        return self.fc(hidden[-1])


def recurrent(folder):
    torch.manual_seed(2)
    net = Recurrent()
    sequences = wave([40, 6, 3], 4)
    train(net, sequences, torch.tensor([k % 3 for k in range(40)]), 60)
    save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()},
              os.path.join(folder, "recurrent.safetensors"))
    net.double()
    with torch.no_grad():
        logits = net(sequences[:5].double())
    return dict(
        sequences=[round(float(x), 9) for x in sequences[:5].reshape(-1)], logits=[float(x) for x in logits.reshape(-1)])


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 8)
        self.positions = nn.Parameter(0.1 * wave([6, 8], 5))
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, norm_first=True) for _ in range(2)])
        self.norm = nn.LayerNorm(8)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.embed(x) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.fc(self.norm(x).mean(1))


def transformer(folder):
    torch.manual_seed(3)
    net = Transformer()
    characters = torch.tensor([(7 * k + k * k // 5) % 12 for k in range(40 * 6)]).reshape(40, 6)
    train(net, characters, torch.tensor([k % 3 for k in range(40)]), 60)
    save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()},
              os.path.join(folder, "transformer.safetensors"))
    net.double()
    logits = net(characters[:5])
    return dict(characters=characters[:5].reshape(-1).tolist(), logits=[float(x) for x in logits.detach().reshape(-1)])


def numbers(folder):
    base = np.array([[0.0, -0.0, 1.0, -2.5], [0.1, 65504.0, 6e-8, 3e38], [1e-40, 100.0, 7.0, -7.0]])
    whole = np.array([[0, 1, 127], [-128, 5, -1]])
    torch_types = dict(
        F64=torch.float64, F32=torch.float32, F16=torch.float16, BF16=torch.bfloat16, I64=torch.int64, I32=torch.int32,
        I16=torch.int16, I8=torch.int8, U8=torch.uint8, BOOL=torch.bool)
    tensors = {name: torch.tensor(base if "F" in name else whole % 256 if name == "U8" else whole).to(kind)
               for name, kind in torch_types.items()}
    save_file(tensors, os.path.join(folder, "numbers.safetensors"))
    arrays = {name: tensor.numpy() for name, tensor in tensors.items() if name != "BF16"}
    arrays.update(
        U16=(whole % 65536).astype(np.uint16), U32=(whole % 2**32).astype(np.uint32), U64=(whole % 2**32).astype(np.uint64),
        big_endian=base.astype(">f4"), fortran=np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
        scalar=np.float32(1.5), empty=np.zeros([0, 3], np.float32))
    np.savez_compressed(os.path.join(folder, "numbers.npz"), **arrays)

    def listed(values):
        with np.errstate(over="ignore"):
            flat = np.asarray(values).astype(np.float32).reshape(-1)
        return dict(shape=list(np.shape(values)), values=[str(x) if not np.isfinite(x) else float(x) for x in flat])

    return dict(
        safetensors={name: listed(tensor.float().numpy() if name == "BF16" else tensor.numpy())
                     for name, tensor in tensors.items()},
        npz={name: listed(array) for name, array in arrays.items()})


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "weights_torch"))
    folder = parser.parse_args().out
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    for name, made in dict(lenet=lenet(folder), recurrent=recurrent(folder), transformer=transformer(folder),
                           numbers=numbers(folder)).items():
        with open(os.path.join(folder, f"{name}.json"), "w") as file:
            file.write(dump(made) + "\n")


if __name__ == "__main__":
    main()
