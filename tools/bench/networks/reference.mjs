/** What every library has to compute: its first weights, and the losses that its first steps then have. */
import { writeFileSync } from 'node:fs'
import { flopsOfNode, train } from '@gradpool/core/engine'
import { adam, startTraining } from 'gradpool'
import { fieldsOf } from './networks.mjs'

/** As many as the peers' first chunks have. */
const STEPS = 4

/**
 * Writes the weights that seed 0 begins with to a file, one after the other, as f32.
 *
 * @returns `parameters`, whose names and shapes tell what the file holds; `losses` of the first steps, on the batches
 *   in their order; `flops` of the products of a step, taps in the padding counted
 */
export async function referenceOf(network, bytes, weightsFile) {
  const { model, batchSize, numExamples } = network
  const fields = fieldsOf(network, bytes)
  const types = Object.fromEntries(Object.entries(fields).map(([name, { shape, dtype }]) => [name, { shape, dtype }]))
  const trainer = await startTraining(model, { fields: types, optimizer: adam(), seed: 0, workers: 1 })
  const rows = Int32Array.from({ length: numExamples }, (_, row) => row)
  const { program } = train(model, { optimizer: adam(), batchSize, data: { fields, rows } })
  const shapes = new Map(program.states.map(({ name, node }) => [name, program.nodes[node].shape]))
  const weights = Object.entries(trainer.weights)
  writeFileSync(weightsFile, Buffer.concat(weights.map(([, values]) => Buffer.from(values.buffer))))
  const losses = []
  for (let step = 0; step < STEPS; step++) {
    const batch = Object.entries(fields).map(
      ([
        name,
        {
          shape: [width = 1],
          values,
        },
      ]) => [name, values.slice(step * batchSize * width, (step + 1) * batchSize * width)],
    )
    const { loss } = await trainer.step(Object.fromEntries(batch))
    losses.push(loss)
  }
  await trainer.dispose()
  return {
    parameters: weights.map(([name]) => ({ name, shape: shapes.get(name) })),
    losses,
    flops: program.nodes.reduce((sum, node) => sum + (products.has(node.op) ? flopsOfNode(program, node) : 0), 0),
  }
}

const products = new Set(['matmul', 'conv', 'convTranspose', 'convFilter'])
