"""What TensorBoard's own package reads in a folder of event files, as JSON. It checks every checksum.

The test of @gradpool/tracking writes a folder to read:

    python tools/oracles/tensorboard_read.py packages/tracking/test-output/events > tools/oracles/tensorboard_read.json
"""

import json
import math
import struct
import sys
from pathlib import Path

import missing_packages

from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.compat.proto import graph_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util


def read(folder: Path) -> dict:
    # Without a limit of what is kept.
    sizes = {plugin_event_accumulator.TENSORS: 0}
    accumulator = plugin_event_accumulator.EventAccumulator(str(folder), sizes)
    accumulator.Reload()
    tags = {}
    for tag in sorted(accumulator.Tags()["tensors"]):
        metadata = accumulator.SummaryMetadata(tag)
        plugin = metadata.plugin_data.plugin_name
        if plugin == "graphs":
            continue
        events = accumulator.Tensors(tag)
        tags[tag] = {"plugin": plugin, "steps": [event.step for event in events]}
        if plugin == "hparams":
            data = plugin_data_pb2.HParamsPluginData.FromString(metadata.plugin_data.content)
            start = data.session_start_info
            tags[tag]["hparams"] = {
                name: getattr(value, value.WhichOneof("kind")) for name, value in sorted(start.hparams.items())
            }
            tags[tag]["status"] = data.session_end_info.status
            continue
        values = [tensor_util.make_ndarray(event.tensor_proto) for event in events]
        if plugin == "scalars":
            tags[tag]["values"] = [float(value) if math.isfinite(value) else None for value in values]
        elif plugin == "histograms":
            tags[tag]["counts"] = [value[:, 2].tolist() for value in values]
            tags[tag]["limits"] = [[float(value[0, 0]), float(value[-1, 1])] for value in values]
        elif plugin == "images":
            tags[tag]["sizes"] = [[int(value[0]), int(value[1])] for value in values]
            for value in values:
                # Of the PNG file itself.
                width, height = struct.unpack(">II", value[2][16:24])
                assert [width, height] == [int(value[0]), int(value[1])]
        else:
            tags[tag]["texts"] = [value.reshape(-1)[0].decode() for value in values]
    graph = accumulator.Graph() if accumulator.Tags()["graph"] else graph_pb2.GraphDef()
    nodes = {node.name: {"op": node.op, "inputs": list(node.input)} for node in graph.node}
    return {"tags": tags, "graph": nodes}


def main() -> None:
    root = Path(sys.argv[1])
    folders = sorted({path.parent for path in root.rglob("events.out.tfevents.*")})
    found = {folder.relative_to(root).as_posix(): read(folder) for folder in folders}
    json.dump(found, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
