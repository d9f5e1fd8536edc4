import {
  exp,
  log,
  matmul,
  mean,
  mul,
  parameter,
  select,
  less,
  sgd,
  square,
  defineModel,
  sum,
  sub,
  type Batch,
  type Model,
} from '@gradpool/core'
import { train, type Engine, type Split } from '@gradpool/core/engine'
import { wasmEngine } from '@gradpool/engine-cpu'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { locateNonFinite, type Origin } from './locate-nonfinite.js'

let engine: Engine
beforeAll(async () => (engine = await wasmEngine({ memoryBytes: 16 * 1024 * 1024 })))
afterAll(() => engine.dispose())

/** Examples 0, 1, …, 6; one of them may be another number. */
function examples(odd?: { readonly row: number; readonly value: number }): Split {
  const values = Float32Array.from({ length: 7 }, (_, row) => (row === odd?.row ? odd.value : row))
  return {
    fields: { x: { dtype: 'f32', shape: [1], values } },
    rows: Int32Array.from({ length: 7 }, (_, row) => row),
  }
}

async function originOf(
  model: Model,
  data: Split,
  learningRate = 0,
): Promise<{ readonly step: number; readonly origin: Origin | undefined }> {
  const program = train(model, { optimizer: sgd({ learningRate }), batchSize: 3, data })
  const training = await engine.compile(program, { data, seed: 5 })
  try {
    const { status } = await training.run({ steps: 3 })
    expect(status).toBe('notFinite')
    const before = training.read()
    const origin = await locateNonFinite({ engine, training, program, data, seed: 5 })
    expect(training.read()).toEqual(before)
    return { step: training.step, origin }
  } finally {
    training.dispose()
  }
}

const w = parameter([1, 2], { kind: 'constant', value: 1 })

describe('the origin of a loss that is not finite', () => {
  const overflowing = defineModel({
    params: { w },
    step: ({ w }, { x }: Batch<'x'>) => ({ loss: mean(square(sub(exp(matmul(x, w)), 1))) }),
  })

  it.each([0, 1, 2, 3, 4, 5, 6])('is found in the batch that has example %i', async (row) => {
    const { origin } = await originOf(overflowing, examples({ row, value: 1000 }))
    expect(origin).toMatchObject({
      tensor: expect.stringMatching(/^%\d+ = exp\(%\d+\) : f32\[[13], 2\]$/) as string,
      numNotFinite: 2,
      largestOperand: 1000,
      states: ['w'],
    })
  })

  it('is in the states of that step, not of the first', async () => {
    const growing = defineModel({
      params: { w },
      step: ({ w }) => ({ loss: sum(square(mul(w, 1e12))) }),
    })
    const { step, origin } = await originOf(growing, examples(), 1)
    expect(step).toBe(1)
    expect(origin?.tensor).toMatch(/= mul\(/)
    expect(origin?.largestOperand).toBeGreaterThan(1e24)
  })

  it('is not a branch that is not taken', async () => {
    const masked = defineModel({
      params: { w },
      step({ w }, { x }: Batch<'x'>) {
        // -Infinity for the example 0, which is left out.
        const safe = select(less(x, 0.5), 0, log(x))
        return { loss: sum(exp(matmul(sub(mul(safe, 0), -100), w))) }
      },
    })
    const { origin } = await originOf(masked, examples())
    expect(origin?.tensor).toMatch(/= exp\(/)
    expect(origin?.largestOperand).toBe(100)
  })

  it('may be the data', async () => {
    const { origin } = await originOf(overflowing, examples({ row: 4, value: NaN }))
    expect(origin).toMatchObject({ numNotFinite: 1, numValues: 3, states: [] })
    expect(origin?.tensor).toMatch(/^%\d+ = input\(batch x\) : f32\[3, 1\]$/)
  })
})
