"""A FastAPI server as one writes it, for the benchmark: PyTorch or ONNX Runtime behind two paths.

    python -m uvicorn serve_peer:app        with BENCH_RUNTIME torch or onnx, BENCH_FOLDER with model and weights

/json takes and gives the bodies of the Open Inference Protocol, /bytes the rows as little-endian float32.
"""

import json
import os

import numpy
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

folder = os.environ["BENCH_FOLDER"]
threads = int(os.environ["BENCH_THREADS"])
WIDTH = 784


def onnx_runtime():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(["probabilities"], {"image": rows})[0]


def pytorch():
    import torch

    torch.set_num_threads(threads)
    with open(f"{folder}/layers.json") as file:
        widths = json.load(file)
    values = numpy.fromfile(f"{folder}/weights.f32", "<f4")
    layers, at = [], 0
    for inputs, outputs in zip(widths, widths[1:]):
        layer = torch.nn.Linear(inputs, outputs)
        weight, bias = numpy.split(values[at : at + inputs * outputs + outputs], [inputs * outputs])
        at += inputs * outputs + outputs
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.reshape(inputs, outputs).T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1], torch.nn.Softmax(dim=1)).eval()

    def predict(rows):
        with torch.inference_mode():
            return model(torch.from_numpy(rows)).numpy()

    return predict


predict = {"onnx": onnx_runtime, "torch": pytorch}[os.environ["BENCH_RUNTIME"]]()
app = FastAPI()


class Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class Inference(BaseModel):
    inputs: list[Tensor]


# `async`, so that no thread is asked for what takes less than a millisecond.
@app.post("/json")
async def from_json(inference: Inference):
    (image,) = inference.inputs
    probabilities = predict(numpy.array(image.data, numpy.float32).reshape(image.shape))
    told = {"name": "probabilities", "shape": probabilities.shape, "datatype": "FP32"}
    return {"outputs": [{**told, "data": probabilities.ravel().tolist()}]}


@app.post("/bytes")
async def from_bytes(request: Request):
    rows = numpy.frombuffer(await request.body(), "<f4").reshape(-1, WIDTH).copy()
    return Response(predict(rows).tobytes(), media_type="application/octet-stream")
