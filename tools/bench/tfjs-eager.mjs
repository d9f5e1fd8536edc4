/** tfjs used as its documentation shows: an eager step and `optimizer.minimize`, on whatever backend `tf` has. */

/** @returns a runner of a workload, without a name */
export function makeEagerRunner(tf, { layers, batchSize, numExamples, kind }, { pixels, labels }) {
  const weights = layers.slice(1).map((width, index) => {
    const fanIn = layers[index]
    return {
      weight: tf.variable(tf.randomNormal([fanIn, width], 0, Math.sqrt(2 / fanIn), 'float32', 1 + index)),
      bias: tf.variable(tf.zeros([width])),
    }
  })
  const optimizer = tf.train.adam(1e-3)
  // Batches are made beforehand: only training is timed.
  const numBatches = numExamples / batchSize
  const images = Array.from({ length: numBatches }, (_, batch) =>
    tf.tensor2d(
      Float32Array.from(
        pixels.subarray(batch * batchSize * layers[0], (batch + 1) * batchSize * layers[0]),
        (p) => p / 255,
      ),
      [batchSize, layers[0]],
    ),
  )
  const classes = Array.from({ length: numBatches }, (_, batch) =>
    tf.oneHot(tf.tensor1d(Int32Array.from(labels.subarray(batch * batchSize, (batch + 1) * batchSize)), 'int32'), 10),
  )
  const forward = (x) =>
    weights.reduce((h, { weight, bias }, index) => {
      const y = tf.add(tf.matMul(h, weight), bias)
      return index < weights.length - 1 ? tf.relu(y) : y
    }, x)
  let step = 0
  return {
    async run(steps) {
      let cost
      for (let i = 0; i < steps; i++, step++) {
        const x = images[step % numBatches]
        const y = classes[step % numBatches]
        cost?.dispose()
        cost = optimizer.minimize(() => {
          const output = forward(x)
          if (kind === 'autoencode') return tf.mean(tf.square(tf.sub(output, x)))
          return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.logSoftmax(output)), 1)))
        }, true)
      }
      const [loss] = await cost.data()
      cost.dispose()
      return loss
    },
    async dispose() {
      tf.disposeVariables()
      tf.dispose([images, classes])
    },
  }
}
