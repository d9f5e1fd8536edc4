"""Writes weights_keras/: networks that Keras trained, as files of weights, with inputs and what Keras makes of them.

    python weights_keras.py [--out weights_keras]

Each network is written twice, NAME.npz and NAME.safetensors, its variables by their paths, as
`np.savez(file, **{v.path: v for v in model.variables})` writes them; NAME.json has inputs and outputs, of float32.

images      convolutions, depthwise and separable ones among them, batch norm and dense layers
sequences   a GRU in both directions, an LSTM and a simple recurrent layer
texts       an embedding, attention and layer norm
"""

import argparse
import math
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import missing_packages

import jax
import keras
import numpy as np
from keras import layers
from safetensors.numpy import save_file

from compact_json import dump


def wave(shape, seed):
    count = math.prod(shape)
    flat = [math.sin(12.9898 * (k + 1) + 78.233 * seed + 0.5 * math.sin(k * seed + 1)) for k in range(count)]
    return np.round(np.array(flat).reshape(shape), 6)


def images():
    return keras.Sequential([
        keras.Input([12, 12, 2]),
        layers.Conv2D(4, 5, padding="same", activation="relu", name="first"),
        layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, use_bias=False, name="depthwise"),
        layers.BatchNormalization(name="norm"),
        layers.Activation("silu"),
        layers.SeparableConv2D(6, 3, name="separable"),
        layers.Conv2DTranspose(3, 2, strides=2, name="transposed"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(16, activation="gelu", name="hidden"),
        layers.Dense(5, name="output"),
    ], name="images")


def sequences():
    return keras.Sequential([
        keras.Input([6, 3]),
        layers.Bidirectional(layers.GRU(4, return_sequences=True), name="both"),
        layers.LSTM(5, return_sequences=True, name="lstm"),
        layers.SimpleRNN(4, return_sequences=True, name="simple"),
        layers.GRU(3, use_bias=False, name="last"),
        layers.Dense(3, name="output"),
    ], name="sequences")


def texts():
    text = keras.Input([6], dtype="int32")
    x = layers.Embedding(12, 8, name="words")(text)
    normed = layers.LayerNormalization(name="norm")(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 3, name="attention")(normed, normed)])
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(text, layers.Dense(3, name="output")(x), name="texts")


def write(folder, make, inputs, classes):
    keras.utils.set_random_seed(len(inputs[0]))
    model = make()
    labels = np.array([k % classes for k in range(len(inputs))])
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(inputs, labels, batch_size=16, epochs=20, shuffle=False, verbose=0)
    # The first variables of biases are zeros, which many layouts would read alike.
    assert all(np.any(np.asarray(v)) for v in model.variables if "seed" not in v.path)
    arrays = {v.path: np.asarray(v) for v in model.variables}
    np.savez(os.path.join(folder, f"{model.name}.npz"), **arrays)
    save_file({name: np.ascontiguousarray(value) for name, value in arrays.items()},
              os.path.join(folder, f"{model.name}.safetensors"))
    few = inputs[:4]
    made = dict(
        madeBy="weights_keras.py", versions=dict(keras=keras.__version__, jax=jax.__version__),
        inputs=[x.item() for x in few.reshape(-1)],
        outputs=[x.item() for x in np.asarray(model(few, training=False)).reshape(-1)])
    with open(os.path.join(folder, f"{model.name}.json"), "w") as file:
        file.write(dump(made) + "\n")
    print(model.name, {name: value.shape for name, value in arrays.items()})


def main():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=os.path.join(here, "weights_keras"))
    folder = parser.parse_args().out
    os.makedirs(folder, exist_ok=True)
    write(folder, images, wave([40, 12, 12, 2], 3), 5)
    write(folder, sequences, wave([40, 6, 3], 4), 3)
    write(folder, texts, np.array([(7 * k + k * k // 5) % 12 for k in range(40 * 6)], np.int32).reshape(40, 6), 3)


if __name__ == "__main__":
    main()
