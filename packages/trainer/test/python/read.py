"""Prints what Python's safetensors reads of a saved model: metadata keys, and shape, type and bytes of each tensor."""

import hashlib
import json
import sys

from safetensors import safe_open
from safetensors.numpy import load_file

path = sys.argv[1]
with safe_open(path, framework="numpy") as file:
    metadata = file.metadata()
about = json.loads(metadata["gradpool"])
tensors = {
    name: [str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
    for name, value in load_file(path).items()
}
print(json.dumps({"metadata": list(metadata), "kind": about["kind"], "tensors": tensors}))
