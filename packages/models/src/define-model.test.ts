/** The model of the README, as people write it, and what the compiler knows of it. */
import {
  type Batch,
  defineModel,
  type FieldsOf,
  type MetricsOf,
  mean,
  mul,
  add,
  type OutputsOf,
  type PredictFieldsOf,
  softmax,
  square,
  sum,
  type Tensor,
} from '@gradpool/core'
import { evaluation } from '@gradpool/core/engine'
import { expect, expectTypeOf, test } from 'vitest'
import { accuracy, batchNorm, confusionMatrix, crossEntropy, dense, meanSquaredError, r2, sequential } from './index.js'

test('the model of the README', () => {
  const model = defineModel({
    params: { hidden: dense(784, 64, { activation: 'relu' }), output: dense(64, 10) },
    step({ hidden, output }, { image, label }) {
      const logits = output(hidden(image))
      return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
    },
    predict({ hidden, output }, { image }) {
      return { probabilities: softmax(output(hidden(image))) }
    },
  })
  expectTypeOf<MetricsOf<typeof model>>().toEqualTypeOf<{
    readonly loss: number
    readonly accuracy: number
  }>()
  expect(model.forData({ fields: {} }).tracePrediction).toBeDefined()
  expectTypeOf<FieldsOf<typeof model>>().toEqualTypeOf<'image' | 'label'>()
  expectTypeOf<PredictFieldsOf<typeof model>>().toEqualTypeOf<'image'>()
  expectTypeOf<OutputsOf<typeof model>>().toEqualTypeOf<'probabilities'>()
})

test('other fields, other kinds of metrics, parameters in the step', () => {
  const model = defineModel({
    params: {
      stack: sequential([dense(3, 2), batchNorm(2), (x) => mul(x, 1), dense(2, 2)]),
      out: dense(2, 1, { bias: false }),
    },
    step({ stack, out }, { x, y }: Batch<'x' | 'y'>) {
      expectTypeOf(stack[0].weight).toEqualTypeOf<Tensor>()
      expectTypeOf(stack[1].mean).toEqualTypeOf<Tensor>()
      expectTypeOf(stack[3].weight).toEqualTypeOf<Tensor>()
      // @ts-expect-error A layer that may have no bias shows none.
      expect(out.bias).toBeUndefined()
      const value = out(stack(x))
      const decay = mul(1e-4, add(sum(square(stack[0].weight)), sum(square(out.weight))))
      return {
        loss: add(meanSquaredError(value, y), decay),
        r2: r2(value, y),
        confusion: confusionMatrix(value, y),
        decay: mean(decay),
      }
    },
    predict: ({ stack, out }, { x }: Batch<'x'>) => ({ value: out(stack(x)) }),
  })
  expectTypeOf<MetricsOf<typeof model>>().toEqualTypeOf<{
    readonly loss: number
    readonly r2: number
    readonly confusion: number[][]
    readonly decay: number
  }>()
  const fields = { x: { dtype: 'f32', shape: [3] }, y: { dtype: 'f32', shape: [1] } } as const
  const pass = evaluation(model, { batchSize: 2, data: { fields, numExamples: 4 } })
  expect(pass.metrics.map(({ name }) => name)).toEqual(['loss', 'r2', 'confusion', 'decay'])
  expectTypeOf<FieldsOf<typeof model>>().toEqualTypeOf<'x' | 'y'>()
  expectTypeOf<PredictFieldsOf<typeof model>>().toEqualTypeOf<'x'>()
})
