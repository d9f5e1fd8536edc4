"""A small network of images as an ONNX file, and what PyTorch makes of some images with the same weights.

The file has a convolution, a ReLU and the mean of each channel. It takes channels first, as networks of PyTorch do;
images are bytes, channels last, scaled to 0 … 1, less a mean and over a deviation of each channel.
"""

import argparse
from pathlib import Path

import missing_packages

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from compact_json import dump

parser = argparse.ArgumentParser()
parser.add_argument("--out", default="encoders_onnx")
out = Path(parser.parse_args().out)
out.mkdir(exist_ok=True)
rng = np.random.default_rng(11)
weight = rng.normal(0, 0.5, size=(4, 3, 3, 3)).astype(np.float32)
bias = rng.normal(0, 0.5, size=4).astype(np.float32)
images = rng.integers(0, 256, size=(7, 6, 5, 3), dtype=np.uint8)
mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

graph = helper.make_graph(
    [
        helper.make_node("Conv", ["pixels", "weight", "bias"], ["sums"]),
        helper.make_node("Relu", ["sums"], ["map"]),
        helper.make_node("GlobalAveragePool", ["map"], ["means"]),
        helper.make_node("Flatten", ["means"], ["features"]),
    ],
    "encoder",
    [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["rows", 3, 6, 5])],
    [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 4]),
        helper.make_tensor_value_info("map", TensorProto.FLOAT, ["rows", 4, 4, 3]),
    ],
    [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)
onnx.save(model, str(out / "small.onnx"))

pixels = torch.from_numpy(images).double() / 255
pixels = ((pixels - torch.tensor(mean)) / torch.tensor(deviation)).permute(0, 3, 1, 2)
features = torch.relu(
    torch.nn.functional.conv2d(pixels, torch.from_numpy(weight).double(), torch.from_numpy(bias).double())
).mean((2, 3))
figures = {
    "torch": torch.__version__,
    "shape": list(images.shape),
    "images": images.reshape(-1).tolist(),
    "mean": mean,
    "deviation": deviation,
    "features": features.reshape(-1).tolist(),
}
(out / "small.json").write_text(dump(figures) + "\n")
