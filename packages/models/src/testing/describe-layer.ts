/**
 * What every layer must do, whatever it computes: shapes and dtypes, names of its states, learning, saving and
 * restoring.
 */
import { adam, type Module, defineModel } from '@gradpool/core'
import { evaluate, evaluation, prediction, type Program, train } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { dense, type Layer, meanSquaredError } from '../index.js'

export interface LayerCase {
  /** Makes the layer; called anew for each Program. */
  readonly layer: () => Module<Layer>
  /** Features of an input, [batch, numInputs]. */
  readonly numInputs: number
  readonly numOutputs: number
  /** Shapes of the layer's own states, by name. */
  readonly states: Readonly<Record<string, readonly number[]>>
}

type State = Readonly<Record<string, ArrayLike<number>>>

const numExamples = 6

export function describeLayer(name: string, { layer, numInputs, numOutputs, states }: LayerCase) {
  const data = (dtype: 'f32' | 'u8') => ({
    fields: {
      image: { dtype, shape: [numInputs] },
      label: { dtype: 'f32' as const, shape: [numOutputs] },
    },
    numExamples,
  })
  const options = { batchSize: numExamples, data: data('f32') }
  const batch = {
    image: wave(numExamples * numInputs, 1),
    label: wave(numExamples * numOutputs, 2).map((x) => 0.5 + 0.2 * x),
  }
  /** The layer with a dense one before it, so that there is something to train. */
  const model = () =>
    defineModel({
      params: { before: dense(numInputs, numInputs), layer: layer() },
      step: (bound, { image, label }) => ({
        loss: meanSquaredError(bound.layer(bound.before(image)), label),
      }),
    })
  const training = () => train(model(), { ...options, optimizer: adam({ learningRate: 0.02 }) })

  function run(program: Program, numSteps: number, first: State = {}, firstStep = 0) {
    let state = first
    const losses: number[] = []
    for (let step = firstStep; step < firstStep + numSteps; step++) {
      const next = evaluate(program, { state, batch, step, seed: 1 })
      state = next.state
      losses.push(next.results.loss?.[0] ?? NaN)
    }
    return { state, losses }
  }

  describe(`${name} as a layer`, () => {
    test.each(['f32', 'u8'] as const)('takes %s [batch, features] and gives f32', (dtype) => {
      const alone = defineModel({
        params: layer(),
        step: (bound, { image, label }) => ({ loss: meanSquaredError(bound(image), label) }),
        predict: (bound, { image }) => ({ output: bound(image) }),
      })
      const { program } = prediction(alone, { batchSize: numExamples, data: data(dtype) })
      const output = program.node(program.results[0]?.node ?? -1)
      expect(output.shape).toEqual([numExamples, numOutputs])
      expect(output.dtype).toBe('f32')
    })

    test('has its states under its path, in training and evaluation alike', () => {
      const expected = Object.entries(states).map(([state, shape]) => [`layer.${state}`, shape])
      for (const { program } of [training(), evaluation(model(), options)]) {
        const own = program.inputs.filter(({ name: state }) => state.startsWith('layer.'))
        expect(own.map((input) => [input.name, program.node(input.node).shape])).toEqual(expected)
      }
    })

    test('lets the loss fall in training', () => {
      const { program } = training()
      const { losses } = run(program, 60)
      expect(losses.every(Number.isFinite)).toBe(true)
      expect(average(losses.slice(-5))).toBeLessThan(average(losses.slice(0, 5)))
    })

    test('is restored by its states’ names, in the middle of training', () => {
      const straight = run(training().program, 8)
      const half = run(training().program, 4)
      const saved = Object.fromEntries(Object.entries(half.state).map(([state, values]) => [state, Array.from(values)]))
      const restored = JSON.parse(JSON.stringify(saved)) as State
      const resumed = run(training().program, 4, restored, 4)
      expect([...half.losses, ...resumed.losses]).toEqual(straight.losses)
      expect(resumed.state).toEqual(straight.state)
      const judged = (state: State) => run(evaluation(model(), options).program, 1, state).losses
      expect(judged(resumed.state)).toEqual(judged(straight.state))
    })
  })
}

/** Fixed numbers within ±1. */
export function wave(size: number, seed: number): number[] {
  return Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed))
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length
}
