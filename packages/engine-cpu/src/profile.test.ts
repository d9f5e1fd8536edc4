/** A profile tells all that a step did, and changes no bit of it. */
import {
  adam,
  defineModel,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  relu,
  sum,
} from '@gradpool/core'
import { type BatchProgram, type Engine, type ExecutionProfile, flopsOf, train } from '@gradpool/core/engine'
import { bitsOf, oddExamples as examples, Threads } from '@gradpool/engine-contract'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runCall } from './step-chunk.js'
import { nativeEngine, nativeInstructionSets, wasmEngine } from './index.js'

const model = defineModel({
  params: { hidden: parameter([9, 70], normal(0.3)), output: parameter([70, 4], normal(0.3)) },
  step({ hidden, output }, { image, label }) {
    const logits = matmul(relu(matmul(mul(image, 1 / 255), hidden)), output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 4)), [1]))) }
  },
})
/** 61 examples: three batches of 16, and one of 13. */
const program: BatchProgram = train(model, { optimizer: adam(), batchSize: 16, data: examples })
const STEPS_PER_EPOCH = 4
/** As many as have the steps that a profile tells of. */
const EPOCHS = 30

const engines: [name: string, make: typeof wasmEngine][] = [['wasm', wasmEngine]]
if (nativeInstructionSets().length > 0) engines.push(['native', nativeEngine])

describe.each(engines)('%s', (_, make) => {
  let engine: Engine
  let threads: Threads
  beforeAll(async () => {
    engine = await make({ memoryBytes: 2 ** 28 })
    threads = new Threads(engine, 3)
  })
  afterAll(async () => {
    await threads.close()
    await engine.dispose()
  })

  const trained = async (profile: boolean, workers: number) => {
    const execution = await engine.compile(program, { data: examples, seed: 3, workers, profile })
    try {
      let means = {}
      for (let epoch = 0; epoch < EPOCHS; epoch++) {
        means = (await threads.run(execution, STEPS_PER_EPOCH, workers)).means
      }
      return { bits: bitsOf({ ...execution.read(), ...means }), profile: execution.profile() }
    } finally {
      execution.dispose()
    }
  }

  test.each([1, 3])('tells of the steps of %i workers, and changes no bit', async (workers) => {
    const without = await trained(false, workers)
    const { bits, profile } = await trained(true, workers)
    expect(without.profile).toBeUndefined()
    expect(bits).toEqual(without.bits)
    expect(profile).toBeDefined()
    if (profile) expectWhole(profile, workers)
  })

  test('is there of a run in this thread, too', async () => {
    const execution = await engine.compile(program, { data: examples, seed: 3, profile: true })
    expect(execution.profile()?.slices).toEqual([])
    await execution.run({ steps: 300 })
    const steps = execution.profile()?.slices.map(({ step }) => step)
    expect([Math.min(...(steps ?? [])), Math.max(...(steps ?? []))]).toEqual([150, 249])
    execution.dispose()
  })
})

/** Every worker's slices fill each of the steps, and every kernel of a step is among them. */
function expectWhole({ kernels, slices }: ExecutionProfile, workers: number): void {
  expect(new Set(slices.map(({ step }) => step))).toEqual(new Set(Array.from({ length: 100 }, (_, i) => i + 2)))
  expect(new Set(slices.map(({ worker }) => worker)).size).toBe(workers)
  for (const [at, { begin, end, kernel, step, worker }] of slices.entries()) {
    expect(kernels[kernel]).toBeDefined()
    expect(end).toBeGreaterThanOrEqual(begin)
    const before = slices[at - 1]
    if (before?.step === step && before.worker === worker) expect(begin).toBe(before.end)
  }
  const numComputing = kernels.findIndex(({ kind }) => kind === 'other')
  const full = namesOf(0)
  const tail = namesOf(STEPS_PER_EPOCH - 1)
  expect(full.length).toBe(tail.length)
  expect(full.length + tail.length).toBe(numComputing)
  expect(full).toContain('matmul [16, 9] × hidden [9, 70], relu')
  expect(full).toContain('matmul [16, 9]ᵀ × [16, 70], update hidden')
  expect(tail).toContain('matmul [13, 9]ᵀ × [13, 70], update hidden')
  expect(full.some((name) => name.endsWith('result loss []'))).toBe(true)

  /** Of the kernels in the steps at a place of their epoch. */
  function namesOf(place: number): string[] {
    const own = slices.filter(({ step, kernel }) => step % STEPS_PER_EPOCH === place && kernel < numComputing)
    const used = [...new Set(own.map(({ kernel }) => kernel))]
    const each = used.map((kernel) => own.filter((slice) => slice.kernel === kernel && slice.worker === 0).length)
    // By one worker, each kernel runs once a step.
    if (workers === 1) expect(new Set(each)).toEqual(new Set([25]))
    return used.map((kernel) => kernels[kernel]?.name ?? '')
  }
}

test('the products of a step are the operations that the Program has', async () => {
  const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
  const execution = await engine.compile(program, { data: examples, seed: 3, profile: true })
  const { kernels = [] } = execution.profile() ?? {}
  const flops = kernels.filter(({ name }) => /^matmul.*\b16,/.test(name)).reduce((sum, kernel) => sum + kernel.flops, 0)
  expect(flops).toBeGreaterThan(0.8 * flopsOf(program.program))
  expect(flops).toBeLessThanOrEqual(flopsOf(program.program))
  const product = kernels.find(({ name }) => name === 'matmul [16, 9] × hidden [9, 70], relu')
  expect(product?.bytes).toBeGreaterThanOrEqual(4 * (16 * 9 + 9 * 70 + 16 * 70))
  await engine.dispose()
})

test('without a profile, the code that takes times is not called', () => {
  const kernels = {
    firstAddress: 0,
    run: vi.fn(() => 0),
    profile: vi.fn(() => 0),
    check: () => 0,
    scan: () => true,
    draw: () => undefined,
    matmulScratch: () => 0,
  }
  runCall(kernels, { exec: 64, steps: 3, stackTop: 128, worker: 1 })
  expect(kernels.run.mock.calls).toEqual([[64, 3, 128, 1]])
  expect(kernels.profile).not.toHaveBeenCalled()
  runCall(kernels, { exec: 64, steps: 3, stackTop: 128, worker: 1, profile: 256 })
  expect(kernels.profile.mock.calls).toEqual([[64, 3, 128, 1, 256]])
  expect(kernels.run).toHaveBeenCalledTimes(1)
})
