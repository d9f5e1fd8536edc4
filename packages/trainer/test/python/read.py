"""
Prints what Python reads of saved models, with numpy and safetensors alone: for each file the keys of its metadata, its kind,
and of each weight the type, the shape and the SHA-256 of its bytes.
"""

import hashlib
import json
import sys

from safetensors import safe_open


def read_weights(path):
    """Weights as float32 by name, and what the file says about itself."""
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        about = json.loads(file.metadata()["gradpool"])
    weights = {}
    for name, values in tensors.items():
        if not name.endswith("/scale"):
            scale = tensors.get(f"{name}/scale", 1)
            weights[name] = values.astype("float32") * scale
    return weights, about


def tell(path):
    weights, about = read_weights(path)
    tensors = {
        name: [str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
        for name, value in weights.items()
    }
    return {"kind": about["kind"], "weights": about.get("weights", "f32"), "tensors": tensors}


print(json.dumps([tell(path) for path in sys.argv[1:]]))
