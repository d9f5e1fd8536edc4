/** Averaging as Programs, with the reference evaluator. */
import { describe, expect, test } from 'vitest'
import { frozen, matmul, mean, normal, parameter, sgd, square, defineModel, sub, UserError } from '../index.js'
import { averaging, evaluate, initialState, partsOf, train, type Split } from '../engine/index.js'

const NUM_EXAMPLES = 12
const inputs = Float32Array.from({ length: 3 * NUM_EXAMPLES }, (_, i) => Math.sin(i * i))
const targets = Float32Array.from({ length: NUM_EXAMPLES }, (_, i) => Math.cos(i))
const data: Split = {
  fields: {
    x: { dtype: 'f32', shape: [3], values: inputs },
    y: { dtype: 'f32', shape: [1], values: targets },
  },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}
const line = defineModel({
  params: { weight: parameter([3, 2], normal(1)), kept: frozen(parameter([2, 1], normal(1))) },
  step({ weight, kept }, { x, y }: Record<'x' | 'y', Parameters<typeof square>[0]>) {
    return { loss: mean(square(sub(matmul(matmul(x, weight), kept), y))) }
  },
})
const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 })

function batchOf({ rows }: Split): Record<string, Float32Array> {
  const picked = (values: Float32Array, size: number) =>
    Float32Array.from({ length: rows.length * size }, (_, i) => {
      return values[(rows[Math.floor(i / size)] ?? 0) * size + (i % size)] ?? NaN
    })
  return { x: picked(inputs, 3), y: picked(targets, 1) }
}

describe('averaging', () => {
  const parts = partsOf(data, { every: 1, parts: [1, 3, 2] })
  const trainings = parts.map((part) => train(line, { optimizer, batchSize: 12, data: part }))
  const { replicas, model } = averaging(trainings)

  test('after each step is a step on all examples', () => {
    const whole = train(line, { optimizer, batchSize: 12, data })
    let alone = evaluate(whole.program, { batch: batchOf(data) }).state
    let together = { ...evaluate(model.program).state, ...alone }
    for (let round = 0; round < 5; round++) {
      alone = evaluate(whole.program, { batch: batchOf(data), state: alone }).state
      for (const [i, { take, training }] of replicas.entries()) {
        const part = parts[i]
        if (part === undefined) continue
        together = { ...together, ...evaluate(take.program, { state: pick(take, together) }).state }
        const state = pick(training, together)
        const stepped = evaluate(training.program, { batch: batchOf(part), state })
        together = { ...together, ...stepped.state }
      }
      together = { ...together, ...evaluate(model.program, { state: together }).state }
      for (const [name, values] of Object.entries(alone)) {
        // The shares 3/4 and 2/6 of the mean are f32 constants.
        expect(Array.from(together[name] ?? [])).toEqual(
          Array.from(values, (value) => expect.closeTo(value, 6) as number),
        )
      }
    }
  })

  test('begins as a training on all examples does', () => {
    const alone = initialState(train(line, { optimizer, batchSize: 12, data }).program, 3)
    expect(initialState(model.program, 3)).toMatchObject(alone)
  })

  test('leaves a state alone that no step changes', () => {
    const names = model.program.inputs.map(({ name }) => name)
    expect(names).toContain('replica 2/weight')
    expect(names).toContain('kept')
    expect(names.filter((name) => name.endsWith('/kept'))).toEqual([])
  })

  test('keeps what replicas agree on, to the bit', () => {
    const names = model.program.inputs.map(({ name, node }) => {
      const { shape } = model.program.node(node)
      return [name, new Float32Array(shape.reduce((size, n) => size * n, 1)).fill(0.1)] as const
    })
    const { state } = evaluate(model.program, { state: Object.fromEntries(names) })
    for (const values of Object.values(state)) {
      expect(new Set(values)).toEqual(new Set([Math.fround(0.1)]))
    }
  })

  function pick(
    { program }: (typeof replicas)[number]['take'],
    state: Readonly<Record<string, Float64Array>>,
  ): Record<string, ArrayLike<number>> {
    return Object.fromEntries(program.states.map(({ name }) => [name, state[name] ?? []]))
  }
})

describe('parts', () => {
  const rowsOf = (...given: Parameters<typeof partsOf>) => partsOf(...given).map(({ rows }) => [...rows])

  test('of equal size are dealt out, others are consecutive', () => {
    const split = { fields: {}, rows: Int32Array.from([9, 8, 7, 6, 5]) }
    expect(rowsOf(split, { every: 1 }, 2)).toEqual([
      [9, 7, 5],
      [8, 6],
    ])
    expect(rowsOf(split, { every: 1, parts: [1, 3, 1] })).toEqual([[9], [8, 7, 6], [5]])
    expect(rowsOf(split, { every: 1, parts: [0.5, 0.5] }, 2)).toEqual([
      [9, 8, 7],
      [6, 5],
    ])
  })

  test.each([
    [{ every: 0 }, 2, 'averageEvery must be a whole number of at least 1, not 0'],
    [{ every: 1 }, 1, 'averageParts must be at least 2 parts'],
    [{ every: 1, parts: [1] }, 1, 'averageParts must be at least 2 parts'],
    [{ every: 1, parts: [1, 2] }, 3, 'averageParts has 2 parts for 3 microBatches'],
    [{ every: 1, parts: [1, -2] }, 1, 'averageParts must be numbers above 0, not -2'],
    [{ every: 1 }, 13, 'averageParts: part 13 of 13 has none of the 12 examples'],
    [{ every: 1, parts: [1, 1e6] }, 2, 'averageParts: part 1 of 2 has none of the 12 examples'],
  ])('refuses %j of %d microBatches', (average, microBatches, message) => {
    expect(() => partsOf(data, average, microBatches)).toThrow(new UserError(message))
  })
})
