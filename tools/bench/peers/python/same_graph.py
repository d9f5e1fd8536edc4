"""The SavedModel of Gradpool's engine `tensorflow`, trained by Python's TensorFlow: the same calls of the same signatures as
the engine makes (see ../../same-graph.mjs, which says where the model is and what its variables start from)."""

import json

import numpy as np
import tensorflow as tf

from serve import serve


def make(workload, pixels, labels):
    with open(workload.given) as f:
        given = json.load(f)
    v1 = tf.compat.v1
    graph = tf.Graph()
    # One thread, in which ops run, too: as the engine has it.
    config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=-1)
    session = v1.Session(graph=graph, config=config)
    with graph.as_default():
        signatures = v1.saved_model.load(session, ["serve"], given["model"]).signature_def

    def call(name, **values):
        inputs, outputs = signatures[name].inputs, signatures[name].outputs
        feed = {inputs[key].name: value for key, value in values.items()}
        return session.run({key: output.name for key, output in outputs.items()}, feed)

    call("write", **{each["name"]: np.array(each["values"], np.float32).reshape(each["shape"])
                     for each in given["variables"]})
    steps_per_epoch = workload.numExamples // workload.batchSize
    order = np.random.default_rng(0)
    step = 0

    def run(steps):
        nonlocal step
        end = step + steps
        while step < end:
            if step % steps_per_epoch == 0:
                rows = order.permutation(workload.numExamples).astype(np.int32)
                call("begin", step=np.int32(step), rows=rows.reshape(steps_per_epoch, -1), tail_rows=rows[:0])
            epoch_end = step - step % steps_per_epoch + steps_per_epoch
            step = min(end, epoch_end)
            last = call("full", limit=np.int32(step))["last"]
        return last[given["lossIndex"]]

    return tf.__version__, 1, run


serve(make)
