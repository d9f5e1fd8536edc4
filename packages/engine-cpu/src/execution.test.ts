/** Spans, states, stopping, refusals: what `engine.ts` of core promises of an execution. */
import { Worker } from 'node:worker_threads'
import {
  UserError,
  adam,
  add,
  broadcastTo,
  evaluate,
  evaluation,
  initialState,
  log,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  relu,
  shuffled,
  stage,
  sub,
  sum,
  train,
  traceProgram,
  zeros,
  type Engine,
  type Field,
  type Program,
  type Split,
  type Stage,
  type StateValues,
} from '@gradpool/core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { wasmEngine } from './index.js'
import { expectClose } from './testing/engine-contract.js'

let engine: Engine
beforeAll(async () => {
  engine = await wasmEngine({ memoryBytes: 2 ** 27 })
})
afterAll(() => engine.dispose())

const NUM_EXAMPLES = 23
const image: Field = {
  dtype: 'u8',
  shape: [12],
  values: Uint8Array.from({ length: NUM_EXAMPLES * 12 }, (_, i) => (i * 7919) % 251),
}
const label: Field = {
  dtype: 'u8',
  shape: [],
  values: Uint8Array.from({ length: NUM_EXAMPLES }, (_, i) => (i * 5) % 3),
}
const data: Split = {
  fields: { image, label },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}
const network = networkOf(8)
const training = train(network, { optimizer: adam({ learningRate: 0.01 }), batchSize: 5, data })

describe('training', () => {
  test('follows the reference evaluator, the shorter last batch of each epoch included', async () => {
    const fit = await engine.compile(training, { data, seed: 4 })
    expect(fit.stepsPerEpoch).toBe(5)
    let state: Readonly<Record<string, ArrayLike<number>>> = initialState(training.program, 4)
    for (let epoch = 0; epoch < 3; epoch++) {
      const order = shuffled(data.rows, 4, epoch)
      const losses: number[] = []
      for (let batch = 0; batch < 5; batch++) {
        const rows = order.slice(5 * batch, 5 * batch + 5)
        const program = rows.length === 5 ? training.program : training.tail
        if (!program) throw new Error('23 examples have a shorter last batch')
        const fields = { image: rowsOf(image, rows), label: rowsOf(label, rows) }
        const step = evaluate(program, { state, batch: fields, step: 5 * epoch + batch, seed: 4 })
        losses.push((step.results.loss?.[0] ?? NaN) * rows.length)
        state = step.state
      }
      const span = await fit.run({ steps: 5 })
      expect(span.status).toBe('done')
      const meanLoss = losses.reduce((a, b) => a + b) / NUM_EXAMPLES
      expect(span.means.loss?.[0]).toBeCloseTo(meanLoss, 5)
    }
    for (const [name, values] of Object.entries(fit.read())) {
      expectClose(values, state[name] ?? [], 1e-4, () => name)
    }
    fit.dispose()
  })

  test('gives the same bits however it is cut into spans', async () => {
    const whole = await weightsAfter([20])
    expect(await weightsAfter([1, 7, 3, 9])).toEqual(whole)
  })

  test('gives the same bits in a worker thread', async () => {
    const here = await weightsAfter([20])
    const fit = await engine.compile(training, { data, seed: 4 })
    const outcome = await inWorker(engine.workerModule, fit.begin(20))
    expect(fit.finish(outcome)).toMatchObject({ status: 'done', steps: 20 })
    expect(fit.read()).toEqual(here)
    fit.dispose()
  })

  test.each([0, 3, 5, 12, 20])(
    'left after %d steps, goes on elsewhere with the same bits and means',
    async (left) => {
      const whole = await engine.compile(training, { data, seed: 4 })
      await whole.run({ steps: 15 })
      const wanted = await whole.run({ steps: 8 })

      const first = await engine.compile(training, { data, seed: 4 })
      for (const steps of [Math.min(left, 15), Math.max(0, left - 15)]) await first.run({ steps })
      const [position, state] = [first.position(), first.read()]
      expect(position.step).toBe(left)
      first.dispose()

      const second = await engine.compile(training, { data, seed: 4, state })
      second.seek(position)
      expect(second.position()).toEqual(position)
      if (left < 15) await second.run({ steps: 15 - left })
      const task = second.begin(23 - second.step, left > 15)
      const span = second.finish(await inWorker(engine.workerModule, task))
      expect(span).toEqual(wanted)
      expect(second.read()).toEqual(whole.read())
      for (const execution of [whole, second]) execution.dispose()
    },
  )

  test('refuses a position that it cannot stand at', async () => {
    const fit = await engine.compile(training, { data, seed: 4 })
    const position = fit.position()
    for (const wrong of [
      { step: -1 },
      { step: 1.5 },
      { step: 2 ** 31 },
      { since: 1 },
      { sums: {} },
      { sums: { loss: new Float64Array(2) } },
      { sums: { ...position.sums, other: new Float64Array(1) } },
    ]) {
      expect(() => fit.seek({ ...position, ...wrong })).toThrow(UserError)
    }
    fit.dispose()
  })

  test('may take its order from another seed than its weights', async () => {
    const trained = async (seed: number, options: { orderSeed?: number; state?: StateValues }) => {
      const fit = await engine.compile(training, { data, seed, ...options })
      await fit.run({ steps: 7 })
      const weights = fit.read()
      fit.dispose()
      return weights
    }
    const state = initialState(training.program, 4)
    expect(await trained(4, { orderSeed: 9 })).toEqual(await trained(9, { state }))
    expect(await trained(4, { orderSeed: 4 })).toEqual(await trained(4, {}))
    expect(await trained(4, { orderSeed: 9 })).not.toEqual(await trained(4, {}))
    await expect(engine.compile(training, { data, seed: 4, orderSeed: 0.5 })).rejects.toThrow(
      UserError,
    )
  })

  test('depends on the seed, and takes 0 for a seed', async () => {
    const [zero, one] = [await weightsAfter([5], 0), await weightsAfter([5], 1)]
    expect(await weightsAfter([5], 0)).toEqual(zero)
    expect(zero).not.toEqual(one)
  })

  test('does not call Math.random', async () => {
    const random = vi.spyOn(Math, 'random').mockImplementation(() => {
      throw new Error('Math.random was called')
    })
    try {
      await weightsAfter([5])
    } finally {
      random.mockRestore()
    }
  })
})

describe('spans', () => {
  test('report progress and stop at a signal', async () => {
    const fit = await engine.compile(training, { data, seed: 4 })
    const controller = new AbortController()
    const steps: number[] = []
    const span = await fit.run({
      steps: 1e9,
      signal: controller.signal,
      onProgress: ({ step, last }) => {
        steps.push(step)
        expect(last.loss).toBeGreaterThan(0)
        if (steps.length === 3) controller.abort()
      },
    })
    expect(span.status).toBe('stopped')
    expect(span.steps).toBe(steps.at(-1))
    expect(fit.step).toBe(span.steps)
    fit.dispose()
  })

  test('end within a step of stop() while a worker runs them', async () => {
    const fit = await engine.compile(training, { data, seed: 4 })
    const outcome = inWorker(engine.workerModule, fit.begin(2 ** 31 - 1))
    while (fit.progress().step === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    fit.stop()
    const span = fit.finish(await outcome)
    expect(span.status).toBe('stopped')
    expect(span.steps).toBe(fit.step)
    expect(await fit.run({ steps: 2 })).toMatchObject({ status: 'done', steps: 2 })
    fit.dispose()
  })

  test('end before the update of a step whose loss is not finite', async () => {
    // log(weight) is NaN once the weight is negative: it falls by 1 a step.
    const program = traceProgram((trace) => {
      const w = trace.state('weight', [1], { kind: 'constant', value: 2.5 })
      trace.result('loss', sum(log(w)))
      trace.update('weight', sub(w, 1))
    })
    const steps = { program, batchSize: 1, numExamples: 1, shuffle: false }
    const fit = await engine.compile(steps, {
      data: { fields: {}, rows: Int32Array.of(0) },
      seed: 0,
    })
    const span = await fit.run({ steps: 10 })
    expect(span).toMatchObject({ status: 'notFinite', steps: 3 })
    expect(span.lastLoss).toBeCloseTo(Math.log(0.5), 6)
    expect(fit.read().weight).toEqual(Float32Array.of(-0.5))
    fit.dispose()
  })
})

describe('what an execution refuses', () => {
  const compiled = (): ReturnType<Engine['compile']> => engine.compile(training, { data, seed: 4 })

  test.each([7.99, NaN, -1, Infinity, 2 ** 31])('%d steps', async (steps) => {
    const fit = await compiled()
    await expect(fit.run({ steps })).rejects.toThrow(/steps must be a whole number/)
    expect(() => fit.begin(steps)).toThrow(UserError)
    fit.dispose()
  })

  test('a second run while one is under way', async () => {
    const fit = await compiled()
    const first = fit.run({ steps: 1000 })
    await expect(fit.run({ steps: 1 })).rejects.toThrow(/running already/)
    expect(await first).toMatchObject({ status: 'done', steps: 1000 })
    fit.dispose()
  })

  test('everything once it is disposed, a run under way included', async () => {
    const fit = await compiled()
    const running = fit.run({ steps: 10 ** 8 })
    fit.dispose()
    await expect(running).rejects.toThrow(/disposed/)
    expect(() => fit.read()).toThrow(/disposed/)
    expect(() => fit.write({})).toThrow(/disposed/)
    expect(() => fit.begin(1)).toThrow(/disposed/)
    await expect(
      engine.compile(evaluation(network, { batchSize: 5, data }), {
        data,
        seed: 4,
        shareStateOf: fit,
      }),
    ).rejects.toThrow(/disposed/)
  })

  test('states both shared and given, or shared with another engine', async () => {
    const fit = await compiled()
    const options = { data, seed: 4, shareStateOf: fit }
    const check = evaluation(network, { batchSize: 5, data })
    const state = { bias: new Float32Array(8) }
    await expect(engine.compile(check, { ...options, state })).rejects.toThrow(/not both/)
    const other = await wasmEngine({ memoryBytes: 2 ** 24 })
    await expect(other.compile(check, options)).rejects.toThrow(/one engine/)
    await other.dispose()
    fit.dispose()
  })
})

test('an evaluation of weights that are not finite says so', async () => {
  const check = await engine.compile(evaluation(network, { batchSize: 10, data }), {
    data,
    seed: 4,
    state: { bias: new Float32Array(8).fill(NaN), output: new Float32Array(24).fill(1) },
  })
  expect((await check.run({ steps: check.stepsPerEpoch })).status).toBe('notFinite')
  check.dispose()
})

test('means are over the examples of a span, wherever in an epoch it begins and ends', async () => {
  const ones = (batch: number): Program =>
    traceProgram((trace) => trace.result('loss', mean(trace.batch('one', 'u8', [batch]))))
  const program = { program: ones(5), tail: ones(3), batchSize: 5, numExamples: 23, shuffle: true }
  const one: Field = { dtype: 'u8', shape: [], values: new Uint8Array(23).fill(1) }
  const split = { fields: { one }, rows: data.rows }
  const execution = await engine.compile(program, { data: split, seed: 0 })
  for (const steps of [1, 3, 2, 4, 11, 5, 1]) {
    expect((await execution.run({ steps })).means.loss).toEqual(Float64Array.of(1))
  }
  execution.dispose()
})

describe('states', () => {
  test('are shared with an evaluation, which leaves them alone', async () => {
    const fit = await engine.compile(training, { data, seed: 4 })
    const evaluate = evaluation(network, { batchSize: 10, data })
    const check = await engine.compile(evaluate, { data, seed: 4, shareStateOf: fit })
    const loss = async (): Promise<number> =>
      (await check.run({ steps: check.stepsPerEpoch })).means.loss?.[0] ?? NaN
    const before = await loss()
    await fit.run({ steps: 50 })
    const weights = fit.read()
    expect(await loss()).toBeLessThan(before)
    expect(fit.read()).toEqual(weights)
    check.dispose()
    fit.dispose()
  })

  test('go on where another execution left off', async () => {
    const first = await engine.compile(training, { data, seed: 4 })
    await first.run({ steps: 5 })
    const second = await engine.compile(training, { data, seed: 4, state: first.read() })
    expect(second.read()).toEqual(first.read())
    first.dispose()
    second.dispose()
  })

  test('lose nothing to a compilation that fails', async () => {
    const small = await wasmEngine({ memoryBytes: 2 ** 23 })
    const tooWide = train(networkOf(100000), { optimizer: adam(), batchSize: 5, data })
    for (let i = 0; i < 50; i++) {
      const fit = await small.compile(training, { data, seed: i })
      await expect(small.compile(tooWide, { data, seed: i })).rejects.toThrow(/MiB/)
      const rows = data.rows.map((row) => row + 1)
      const other = evaluation(networkOf(9), { batchSize: 5, data })
      await expect(small.compile(other, { data, seed: i, shareStateOf: fit })).rejects.toThrow()
      await expect(
        small.compile(other, { data: { ...data, rows }, seed: i, shareStateOf: fit }),
      ).rejects.toThrow()
      fit.dispose()
    }
    await small.dispose()
  })

  test('are kept as they were where an output is a state by another name', async () => {
    const program = traceProgram((trace) => {
      const w = trace.state('w', [3], { kind: 'constant', value: 1 })
      const row = trace.state('row', [1, 3], { kind: 'constant', value: 7 })
      trace.result('old', broadcastTo(w, [1, 3]))
      trace.result('row', row)
      trace.update('w', mul(w, 0.5))
      trace.update('row', broadcastTo(w, [1, 3]))
    })
    const step = { program, batchSize: 1, numExamples: 1, shuffle: false }
    const none = { data: { fields: {}, rows: Int32Array.of(0) }, seed: 0 }
    const fit = await engine.compile(step, none)
    const { means } = await fit.run({ steps: 1 })
    expect(means).toEqual({ old: Float64Array.of(1, 1, 1), row: Float64Array.of(7, 7, 7) })
    expect(fit.read()).toEqual({
      w: Float32Array.of(0.5, 0.5, 0.5),
      row: Float32Array.of(1, 1, 1),
    })
    fit.dispose()
  })

  test('free their memory when the last execution is disposed', async () => {
    const small = await wasmEngine({ memoryBytes: 2 ** 23 })
    for (let i = 0; i < 50; i++) {
      const fit = await small.compile(training, { data, seed: i })
      const check = await small.compile(evaluation(network, { batchSize: 10, data }), {
        data,
        seed: i,
        shareStateOf: fit,
      })
      fit.dispose()
      check.dispose()
    }
    await small.dispose()
  })
})

describe('refusals', () => {
  const compile = (options: { data?: Split; seed?: number; state?: StateValues }) => () =>
    engine.compile(training, { data, seed: 0, ...options })

  test.each([
    ['a seed that is no integer', { seed: 1.5 }, /seed/],
    ['data of another length', { data: { ...data, rows: Int32Array.of(0) } }, /23 examples/],
    [
      'a row outside the field',
      { data: { ...data, rows: data.rows.map((row) => row + 1) } },
      /row 23/,
    ],
    ['a missing field', { data: { ...data, fields: { image } } }, /"label"/],
    [
      'a field of another dtype',
      { data: { ...data, fields: { image, label: { ...label, dtype: 'i32' } } } },
      /u8/,
    ],
    [
      'a field whose values are of another type',
      { data: { ...data, fields: { image: { ...image, values: new Float32Array(276) }, label } } },
      /must be a Uint8Array, not a Float32Array/,
    ],
    [
      'a field that ends within an example',
      {
        data: { ...data, fields: { image: { ...image, values: new Uint8Array(275) }, label } },
      },
      /no whole number of examples/,
    ],
    ['a state of another size', { state: { bias: new Float32Array(7) } }, /8 elements, 7/],
    ['an unknown state', { state: { nonsense: new Float32Array(7) } }, /"nonsense"/],
  ] as const)('%s', async (_, options, message) => {
    await expect(compile(options)).rejects.toThrow(UserError)
    await expect(compile(options)).rejects.toThrow(message)
  })

  test('more memory than the engine has, naming the numbers', async () => {
    const tiny = await wasmEngine({ memoryBytes: 2 ** 20 })
    const wide = networkOf(200000)
    const program = train(wide, { optimizer: adam(), batchSize: 5, data })
    await expect(tiny.compile(program, { data, seed: 0 })).rejects.toThrow(/MiB/)
    await tiny.dispose()
  })
})

/** A classifier 12-width-3 with a ReLU. */
function networkOf(width: number): Stage {
  return stage({
    params: {
      hidden: parameter([12, width], normal(0.3)),
      bias: parameter([width], zeros),
      output: parameter([width, 3], normal(0.3)),
    },
    step(weights, batch) {
      const pixels = mul(batch.image, 1 / 255)
      const hidden = relu(add(matmul(pixels, weights.hidden), weights.bias))
      const chances = logSoftmax(matmul(hidden, weights.output))
      return { loss: neg(mean(sum(mul(chances, oneHot(batch.label, 3)), [1]))) }
    },
  })
}

function rowsOf({ values, shape }: Field, rows: Int32Array): number[] {
  const size = shape.reduce((a, b) => a * b, 1)
  return [...rows].flatMap((row) => [...values.slice(row * size, (row + 1) * size)])
}

async function weightsAfter(
  spans: readonly number[],
  seed = 4,
): Promise<Record<string, Float32Array>> {
  const fit = await engine.compile(training, { data, seed })
  for (const steps of spans) await fit.run({ steps })
  const weights = fit.read()
  fit.dispose()
  return weights
}

async function inWorker(workerModule: string, task: unknown): Promise<unknown> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.workerModule).then(({ executeSpan }) => parentPort.postMessage(executeSpan(workerData.task)))
  `
  const worker = new Worker(code, { eval: true, workerData: { workerModule, task } })
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  } finally {
    await worker.terminate()
  }
}
