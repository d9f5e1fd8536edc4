import { adam } from '@gradpool/core'
import { train, type BatchProgram } from '@gradpool/core/engine'
import { mlp } from '@gradpool/models'
import { expect, it } from 'vitest'
import { fastestWorkers } from './shared-steps.js'

function trainingOf(hidden: readonly number[], batchSize: number): BatchProgram {
  const fields = {
    image: { dtype: 'u8', shape: [784] },
    label: { dtype: 'u8', shape: [] },
  } as const
  const data = { fields, numExamples: 1024 }
  return train(mlp({ input: 784, hidden, classes: 10 }), { optimizer: adam(), batchSize, data })
}

it.each([
  // Steps of some 10 µs, of which two meetings would be a third.
  [[10], 10, 8, 1],
  // At batches of 10, to read the weights that the other has updated takes as long as is saved.
  [[64], 10, 2, 1],
  [[64], 128, 2, 2],
  [[512, 256], 256, 2, 2],
])('of %j with batches of %d, with %d workers: %d', (hidden, batchSize, most, workers) => {
  expect(fastestWorkers(trainingOf(hidden, batchSize), most)).toBe(workers)
})

it('uses more workers for longer steps, and not all there are', () => {
  const small = fastestWorkers(trainingOf([64], 128), 1000)
  const large = fastestWorkers(trainingOf([512, 256], 256), 1000)
  expect(small).toBeGreaterThan(2)
  expect(large).toBeGreaterThan(small)
  expect(large).toBeLessThan(100)
})
