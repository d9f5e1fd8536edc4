/** Programs agree with the reference evaluator, whatever TensorFlow fuses or moves. Skipped where there is no TensorFlow. */
import {
  type Batch,
  adam,
  adamw,
  evaluate,
  initialState,
  sgd,
  stage,
  parameter,
  normal,
  train,
  matmul,
  mean,
  square,
  sub,
  type Engine,
  type Optimizer,
} from '@gradpool/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  expectClose,
  expectSameStep,
  splitOf,
} from '../../engine-cpu/src/testing/engine-contract.js'
import {
  choices,
  data,
  f32,
  fieldsOf,
  OP_CASES,
  randomTraining,
} from '../../engine-cpu/src/testing/programs.js'
import { isTensorFlowHere, tensorflowEngine } from './index.js'

let engine: Engine
beforeAll(async () => {
  if (isTensorFlowHere()) engine = await tensorflowEngine()
})
afterAll(() => engine?.dispose())

describe.runIf(isTensorFlowHere())('on TensorFlow', () => {
  test.each(Object.entries(OP_CASES))('%s', async (_, build) => {
    await expectSameStep(engine, data, (trace) => trace.result('value', build(fieldsOf(trace))))
  })

  test('random Programs with gradients and states', { timeout: 60_000 }, async () => {
    const x = splitOf({ x: f32([5], 5, 1) }, 5)
    await fc.assert(
      fc.asyncProperty(choices, async (graph) => {
        await expectSameStep(engine, x, randomTraining(5, graph))
      }),
      { numRuns: 100, seed: 2 },
    )
  })

  const line = stage({
    params: { weight: parameter([7, 1], normal(1)) },
    step({ weight }, batch: Batch<'x'>) {
      return { loss: mean(square(sub(matmul(batch.x, weight), 1))) }
    },
  })
  test.each<[string, Optimizer]>([
    ['sgd', sgd({ learningRate: 0.05 })],
    ['momentum', sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 })],
    ['nesterov', sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true })],
    ['adam', adam({ learningRate: 0.05 })],
    ['adamw', adamw({ learningRate: 0.05, weightDecay: 0.1 })],
  ])('50 steps of %s', async (_, optimizer) => {
    const steps = train(line, { optimizer, batchSize: 5, data, shuffle: false })
    const fit = await engine.compile(steps, { data, seed: 1 })
    let state: Readonly<Record<string, ArrayLike<number>>> = initialState(steps.program, 1)
    for (let step = 0; step < 50; step++) {
      state = evaluate(steps.program, {
        state,
        batch: { x: data.fields.x?.values ?? [] },
        step,
        seed: 1,
      }).state
    }
    await fit.run({ steps: 50 })
    for (const [name, values] of Object.entries(fit.read())) {
      expectClose(values, state[name] ?? [], 3e-5, () => name)
    }
    fit.dispose()
  })
})
