/** Every optimizer for 50 steps, with dropout, against the reference evaluator. */
import {
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByValue,
  cosine,
  groups,
  less,
  lion,
  mean,
  matmul,
  mul,
  muon,
  nadam,
  normal,
  oneCycle,
  parameter,
  plateau,
  randomUniform,
  rmsprop,
  sgd,
  square,
  defineModel,
  sub,
  sum,
  tanh,
  type Batch,
  warmRestarts,
} from '@gradpool/core'
import { evaluate, initialState, train, type Engine, type TrainOptions } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { batchOf, expectClose, splitOf } from './compare.js'
import { f32 } from './programs.js'

const NUM_STEPS = 50
const data = splitOf({ x: f32([7], 5, 1), target: f32([3], 5, 2) }, 5)

const regression = defineModel({
  params: { hidden: parameter([7, 6], normal(0.5)), output: parameter([6, 3], normal(0.5)) },
  step({ hidden, output }, { x, target }: Batch<'x' | 'target'>) {
    const activations = tanh(matmul(x, hidden))
    const kept = less(randomUniform(activations.shape, 'dropout'), 0.8)
    const estimate = matmul(mul(activations, kept), output)
    return { loss: mean(square(sub(estimate, target))) }
  },
})

const OPTIMIZERS: readonly (readonly [string, Pick<TrainOptions, 'optimizer' | 'ema'>])[] = [
  ['sgd', { optimizer: sgd({ learningRate: 0.1 }) }],
  ['sgd with momentum and weight decay', { optimizer: sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 }) }],
  ['sgd with Nesterov momentum', { optimizer: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }) }],
  ['adam', { optimizer: adam({ learningRate: 0.02 }) }],
  ['adam by a schedule', { optimizer: adam({ learningRate: cosine({ learningRate: 0.05, totalSteps: 40 }) }) }],
  ['adam with clipping by norm', { optimizer: adam({ learningRate: 0.02, clip: clipByGlobalNorm(0.1) }) }],
  ['sgd with clipping by value', { optimizer: sgd({ learningRate: 0.1, clip: clipByValue(0.02) }) }],
  ['adamw', { optimizer: adamw({ learningRate: 0.02, weightDecay: 0.1 }) }],
  ['rmsprop', { optimizer: rmsprop({ learningRate: 0.01 }) }],
  ['rmsprop with momentum', { optimizer: rmsprop({ learningRate: 0.01, momentum: 0.8 }) }],
  ['nadam', { optimizer: nadam({ learningRate: 0.02 }) }],
  ['adagrad', { optimizer: adagrad({ learningRate: 0.1 }) }],
  ['lion', { optimizer: lion({ learningRate: 0.005, weightDecay: 0.1 }) }],
  ['muon by one cycle', { optimizer: muon({ learningRate: oneCycle({ learningRate: 0.02, totalSteps: 40 }) }) }],
  [
    'adam by restarts',
    { optimizer: adam({ learningRate: warmRestarts({ learningRate: 0.02, period: 7, factor: 2 }) }) },
  ],
  ['groups', { optimizer: groups({ hidden: adam({ learningRate: 0.02 }), output: sgd(plateau(0.1)) }) }],
  ['averaged weights', { optimizer: adam({ learningRate: 0.02 }), ema: 0.9 }],
]

export function describeOptimizers(engineOf: () => Engine): void {
  describe(`${NUM_STEPS} steps with dropout`, () => {
    test.each(OPTIMIZERS)('of %s', async (_, learning) => {
      const steps = train(regression, { ...learning, batchSize: 5, data, shuffle: false })
      const batch = batchOf(data)
      let state: Readonly<Record<string, ArrayLike<number>>> = initialState(steps.program, 3)
      const losses: number[] = []
      for (let step = 0; step < NUM_STEPS; step++) {
        const done = evaluate(steps.program, { state, batch, step, seed: 3 })
        state = done.state
        losses.push(done.results.loss?.[0] ?? NaN)
      }
      const fit = await engineOf().compile(steps, { data, seed: 3 })
      for (const loss of losses) {
        expect((await fit.run({ steps: 1 })).lastLoss).toBeCloseTo(loss, 4)
      }
      for (const [name, values] of Object.entries(fit.read())) {
        expectClose(values, state[name] ?? [], 1e-4, () => name)
      }
      fit.dispose()
    })
  })

  test.each([1e-30, 1, 1e25])('the norm clip holds for gradients of %d', async (size) => {
    const linear = defineModel({
      params: { w: parameter([4], { kind: 'constant', value: 0 }) },
      step: ({ w }, { g }: Batch<'g'>) => ({ loss: sum(mul(w, g)) }),
    })
    const g = { dtype: 'f32' as const, shape: [4], values: Float32Array.of(3 * size, 0, -4 * size, 0) }
    const given = splitOf({ g }, 1)
    const optimizer = sgd({ learningRate: 1, clip: clipByGlobalNorm(10 * Math.min(size, 1)) })
    const fit = await engineOf().compile(train(linear, { optimizer, batchSize: 1, data: given }), {
      data: given,
      seed: 0,
    })
    await fit.run({ steps: 1 })
    // The norm is 5 times the size.
    const kept = Math.min(1, (10 * Math.min(size, 1)) / (5 * size))
    expectClose(fit.read().w ?? [], [-3 * size * kept, 0, 4 * size * kept, 0], 1e-6, () => 'w')
    fit.dispose()
  })
}
