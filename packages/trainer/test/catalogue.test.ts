/** `fit` gives the bits of `gradpool run`: those of an experiment of the catalogue. */
import { adam, normal } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { classify } from '@gradpool/models'
import { expect, it } from 'vitest'
import { fit } from '../src/index.js'

it('trains mnist_mlp_1p to its weights', async () => {
  const model = classify({ hidden: [10], weight: normal(0.03), scale: 1 })
  const data = mnist({ labelled: 0.01 })
  const fitted = await fit(model, { data, batchSize: 10, epochs: 10, optimizer: adam() })
  expect(fitted.weightsHash).toMatch(/^798fed8f/)
  expect((await fitted.evaluate()).accuracy).toBeGreaterThan(0.6)
})
