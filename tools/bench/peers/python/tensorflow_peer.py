"""TensorFlow without Keras: an epoch of steps in one tf.function, whose loop stays in the graph, with the fused Adam op.
No XLA: this is the graph that Gradpool's engine `tensorflow` makes, written in Python."""

import tensorflow as tf

from serve import serve


def make(workload, pixels, labels):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    classify = workload.kind == "classify"
    random = tf.random.Generator.from_seed(0)
    shapes = [shape for pair in zip(workload.layers, workload.layers[1:]) for shape in (pair, pair[1:])]
    weights = [tf.Variable(random.normal(shape, stddev=0.05) if len(shape) == 2 else tf.zeros(shape)) for shape in shapes]
    slots = [(tf.Variable(tf.zeros(shape)), tf.Variable(tf.zeros(shape))) for shape in shapes]
    powers = [tf.Variable(beta) for beta in (0.9, 0.999)]
    pixels, labels = tf.constant(pixels), tf.constant(labels)

    def loss_of(image, label):
        x = image
        for layer in range(0, len(weights), 2):
            x = x @ weights[layer] + weights[layer + 1]
            if layer < len(weights) - 2:
                x = tf.nn.relu(x)
        if classify:
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(label, x))
        return tf.reduce_mean(tf.square(x - image))

    @tf.function
    def epoch():
        loss = tf.constant(0.0)
        for i in tf.range(len(pixels)):
            with tf.GradientTape() as tape:
                loss = loss_of(pixels[i], labels[i])
            for w, (m, v), gradient in zip(weights, slots, tape.gradient(loss, weights)):
                tf.raw_ops.ResourceApplyAdam(var=w.handle, m=m.handle, v=v.handle, beta1_power=powers[0],
                                             beta2_power=powers[1], lr=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8,
                                             grad=gradient)
            powers[0].assign(powers[0] * 0.9)
            powers[1].assign(powers[1] * 0.999)
        return loss

    def run(steps):
        for _ in range(steps // len(pixels)):
            loss = epoch()
        return loss

    return tf.__version__, len(pixels), run


serve(make)
