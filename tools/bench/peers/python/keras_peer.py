"""Keras 3 on TensorFlow: one `fit` a request, batches from a tf.data set in memory, an epoch of XLA-compiled
steps per call of the graph."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

from serve import serve


def make(workload, pixels, labels):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(0)
    *hidden, last = workload.layers[1:]
    classify = workload.kind == "classify"
    model = keras.Sequential([keras.Input((workload.layers[0],)),
                              *(keras.layers.Dense(width, activation="relu") for width in hidden),
                              keras.layers.Dense(last)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if classify else "mse"
    model.compile(keras.optimizers.Adam(1e-3), loss, steps_per_execution=len(pixels), jit_compile=True)
    data = tf.data.Dataset.from_tensor_slices((pixels, labels if classify else pixels)).repeat()

    def run(steps):
        epochs = steps // len(pixels)
        return model.fit(data, steps_per_epoch=len(pixels), epochs=epochs, verbose=0).history["loss"][-1]

    return f"{keras.__version__}, TensorFlow {tf.__version__}", len(pixels), run


serve(make)
