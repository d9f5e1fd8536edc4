/**
 * What is timed: one training step (forward, backward, Adam) of dense networks.
 */

/** Numbers of examples are a few epochs' worth of batches, so that gathering rows costs what it costs in training. */
export const workloads = [
  {
    name: '784-10-10 classifier',
    layers: [784, 10, 10],
    kind: 'classify',
    batchSize: 10,
    numExamples: 6000,
  },
  {
    name: '784-64-10-64-784 autoencoder',
    layers: [784, 64, 10, 64, 784],
    kind: 'autoencode',
    batchSize: 10,
    numExamples: 6000,
  },
  {
    name: '784-512-256-10 classifier',
    layers: [784, 512, 256, 10],
    kind: 'classify',
    batchSize: 128,
    numExamples: 6400,
  },
]

/** Large enough that all of a step is matrix products. */
export const wide = {
  name: '784-1024-1024-10 classifier',
  layers: [784, 1024, 1024, 10],
  kind: 'classify',
  batchSize: 512,
  numExamples: 10240,
}

/**
 * Floating-point operations of a step's matrix products: two per multiply-add; no input gradient for the first layer.
 */
export function flopsOf({ layers, batchSize }) {
  return layers.slice(1).reduce((sum, width, index) => {
    const passes = index === 0 ? 2 : 3
    return sum + 2 * passes * batchSize * (layers[index] ?? 0) * width
  }, 0)
}

/** Pixels as sparse as MNIST's (four of five are 0) and labels, the same for every peer. */
export function makeData({ layers, numExamples }) {
  let state = 1
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  const pixels = new Uint8Array(numExamples * layers[0])
  for (let i = 0; i < pixels.length; i++) pixels[i] = next() < 0.2 ? Math.floor(next() * 256) : 0
  const labels = Uint8Array.from({ length: numExamples }, () => Math.floor(next() * 10))
  return { pixels, labels }
}
