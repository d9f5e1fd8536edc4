import { loadDataset, mnist } from '@gradpool/datasets'
import { expect, test } from 'vitest'
import { datasetLoader } from './load-datasets.js'

test('two ways to split MNIST share its examples, and have their own rows', async () => {
  const allocated: number[] = []
  const load = datasetLoader({
    allocate(numBytes) {
      allocated.push(numBytes)
      return new Uint8Array(numBytes)
    },
  })
  const all = await load(mnist())
  const bytes = allocated.reduce((sum, numBytes) => sum + numBytes, 0)
  const few = await load(mnist({ labelled: 0.01 }))
  expect(allocated.reduce((sum, numBytes) => sum + numBytes, 0)).toBe(bytes)
  expect(few.fields).toBe(all.fields)

  const alone = await loadDataset(mnist({ labelled: 0.01 }))
  expect(few.hash).toBe(alone.hash)
  for (const name of ['images', 'labelled', 'validation', 'test'] as const) {
    expect(few.splits[name].rows).toEqual(alone.splits[name].rows)
    const part = name === 'test' ? all.fields.test : all.fields.train
    expect(few.splits[name].fields).toBe(part)
  }
})
