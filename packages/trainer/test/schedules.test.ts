/** A schedule without `totalSteps` ends with the training. */
import { adam, cosine } from '@gradpool/core'
import { expect, it } from 'vitest'
import { fit } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const options = { data: examples(100), batchSize: 16, epochs: 6 }

it('is that of as many steps as the training has', async () => {
  const own = adam({ learningRate: cosine({ learningRate: 0.01, totalSteps: 6 * 7 }) })
  const other = adam({ learningRate: cosine({ learningRate: 0.01, totalSteps: 6 * 7 + 1 }) })
  const hash = async (optimizer: typeof own) => (await fit(threeClasses, { ...options, optimizer })).weightsHash
  expect(await hash(adam({ learningRate: cosine(0.01) }))).toBe(await hash(own))
  expect(await hash(own)).not.toBe(await hash(other))
})
