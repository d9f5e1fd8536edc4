import { describe, expect, test } from 'vitest'
import { goOn, type WindowPrediction } from './go-on.js'

const x = (length: number, columns: number) => [{ name: 'x', shape: [length, columns] }]

/** Tells the sum of what it sees, then one more in each step. */
function adds(length: number, { columns = 1, horizon = 2 } = {}): WindowPrediction & { readonly seen: number[][] } {
  const seen: number[][] = []
  return {
    seen,
    fields: x(length, columns),
    outputs: [{ name: 'estimate', shape: [horizon] }],
    predict(inputs) {
      seen.push([...inputs.x])
      const total = [...inputs.x].reduce((sum, value) => sum + value, 0)
      return Promise.resolve({ estimate: Float32Array.from({ length: horizon }, (_, step) => total + step) })
    },
  }
}

describe('goOn', () => {
  test('tells the steps after the last of a series, in turn from its own', async () => {
    const model = adds(3)
    expect(await goOn(model, [9, 1, 2, 3], 5)).toEqual(Float32Array.of(6, 7, 16, 17, 40))
    expect(model.seen).toEqual([
      [1, 2, 3],
      [3, 6, 7],
      [7, 16, 17],
    ])
  })

  test('sees its own predictions alone where the horizon is longer than a window', async () => {
    const model = adds(2, { horizon: 3 })
    expect(await goOn(model, Float32Array.of(1, 1), 4)).toEqual(Float32Array.of(2, 3, 4, 7))
    expect(model.seen[1]).toEqual([3, 4])
  })

  test('takes several columns, row by row, as far as the horizon', async () => {
    const model = adds(2, { columns: 2 })
    expect(await goOn(model, { a: [0, 1, 2], b: [0, 30, 40] }, 2)).toEqual(Float32Array.of(73, 74))
    expect(model.seen).toEqual([[1, 30, 2, 40]])
    await expect(goOn(model, { a: [1, 2], b: [3, 4] }, 3)).rejects.toThrow(/^forecast: the other columns are not known/)
  })

  test.each([
    ['too short a series', adds(3), [1, 2], 1, 'forecast needs the last 3 steps of the series, which has 2'],
    ['other columns', adds(1), { a: [1], b: [2] }, 1, 'the model was trained on 1 columns, and the series has 2'],
    ['no steps', adds(1), [1], 0, 'forecast: steps must be a whole number of at least 1, not 0'],
    ['no windows', { ...adds(1), outputs: [{ name: 'estimate', shape: [] }] }, [1], 1, /^forecast needs a model that/],
    ['other fields', { ...adds(1), fields: [...x(1, 1), ...x(1, 1)] }, [1], 1, /^forecast needs a model that/],
  ] as const)('refuses %s', async (_, model, series, steps, sentence) => {
    await expect(goOn(model, series, steps)).rejects.toThrow(sentence)
  })
})
