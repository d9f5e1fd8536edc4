/** What the compiler knows of a model, and what `defineModel` refuses. */
import { describe, expect, expectTypeOf, test } from 'vitest'
import { fromMeans } from '../metrics/metric.js'
import { add, mul, square } from '../ops/elementwise.js'
import { reshape } from '../ops/layout.js'
import { matmul } from '../ops/product.js'
import { mean, sum } from '../ops/reduction.js'
import { grad } from '../gradients/gradients.js'
import { sgd } from '../optimizers/index.js'
import { zeros } from '../random/initializers.js'
import { evaluate } from '../reference/reference.js'
import type { Tensor } from '../tracing/tensor.js'
import {
  defineModel,
  type Batch,
  type FieldsOf,
  type MetricsOf,
  type Model,
  type OutputsOf,
  type PredictFieldsOf,
  type StepResults,
} from './model.js'
import { frozen, layer, parameter } from './module.js'
import { evaluation, train } from './train.js'

function affine(numInputs: number, numOutputs: number) {
  return layer(
    {
      weight: parameter([numInputs, numOutputs], 'heNormal'),
      bias: parameter([numOutputs], zeros),
    },
    ({ weight, bias }) =>
      (x: Tensor) =>
        add(matmul(x, weight), bias),
  )
}

const params = { out: affine(3, 1) }
const data = {
  fields: { image: { dtype: 'f32', shape: [3] }, label: { dtype: 'f32', shape: [] } },
  numExamples: 4,
} as const

const own = defineModel({
  params,
  step({ out }, { x, y }: Batch<'x' | 'y'>) {
    const confusion = fromMeans({ means: { y: mean(y) }, finish: ({ y }) => [[y]] })
    return { loss: mean(square(out(x))), error: mean(y), confusion }
  },
  predict: ({ out }, { x }: Batch<'x'>) => ({ value: out(x), half: mul(out(x), 0.5) }),
})

describe('the types of a model', () => {
  test('without annotations: image and label, image', () => {
    const usual = defineModel({
      params,
      step({ out }, { image, label }) {
        expectTypeOf(label).toEqualTypeOf<Tensor>()
        return { loss: mean(square(out(image))), accuracy: mean(label) }
      },
      predict: ({ out }, { image }) => ({ probabilities: out(image) }),
    })
    expectTypeOf<MetricsOf<typeof usual>>().toEqualTypeOf<{
      readonly loss: number
      readonly accuracy: number
    }>()
    expectTypeOf<FieldsOf<typeof usual>>().toEqualTypeOf<'image' | 'label'>()
    expectTypeOf<PredictFieldsOf<typeof usual>>().toEqualTypeOf<'image'>()
    expectTypeOf<OutputsOf<typeof usual>>().toEqualTypeOf<'probabilities'>()
    expectTypeOf(usual).toExtend<Model>()
    const row = { loss: 1, accuracy: 0.5 } satisfies MetricsOf<typeof usual>
    // @ts-expect-error A misspelt metric does not compile.
    expect(row.acuracy).toBeUndefined()
  })

  test('with fields of its own', () => {
    expectTypeOf<MetricsOf<typeof own>>().toEqualTypeOf<{
      readonly loss: number
      readonly error: number
      readonly confusion: number[][]
    }>()
    expectTypeOf<FieldsOf<typeof own>>().toEqualTypeOf<'x' | 'y'>()
    expectTypeOf<PredictFieldsOf<typeof own>>().toEqualTypeOf<'x'>()
    expectTypeOf<OutputsOf<typeof own>>().toEqualTypeOf<'value' | 'half'>()
    expectTypeOf(own).toExtend<Model>()
  })

  test('without a prediction there are no outputs', () => {
    const blind = defineModel({ params, step: (_, { image }) => ({ loss: mean(image) }) })
    expectTypeOf<OutputsOf<typeof blind>>().toEqualTypeOf<never>()
    expectTypeOf(blind).toExtend<Model>()
    expect(blind.forData(data).tracePrediction).toBeUndefined()
  })

  test('an annotation of the model leaves tensors what they are', () => {
    const annotated: Model<{
      metrics: { loss: number }
      fields: 'image' | 'label'
      predictFields: 'image'
      outputs: 'value'
    }> = defineModel({
      params,
      step(_, { image }) {
        expectTypeOf(image).toEqualTypeOf<Tensor>()
        return { loss: mean(image) }
      },
      predict(_, { image }) {
        expectTypeOf(image).toEqualTypeOf<Tensor>()
        return { value: image }
      },
    })
    expect(annotated.forData(data).tracePrediction).toBeDefined()
  })

  test('a field that is not named does not compile', () => {
    defineModel({
      params,
      // @ts-expect-error There are image and label.
      step: (_, { imgae }) => ({ loss: mean(imgae as Tensor) }),
    })
    defineModel({
      params,
      step: (_, { image }) => ({ loss: mean(image) }),
      // @ts-expect-error A prediction reads no label unless its batch is annotated.
      predict: (_, { label }) => ({ label: label as Tensor }),
    })
  })

  test('a step without a loss does not compile', () => {
    // @ts-expect-error A step returns a loss.
    defineModel({ params, step: (_, { image }) => ({ accuracy: mean(image) }) })
  })
})

describe('names of metrics', () => {
  const traced = (model: Model) => () => evaluation(model, { batchSize: 2, data })

  test.each(['epoch', 'seconds', 'validation', 'test'])('%s is refused', (name) => {
    const step = (_: unknown, { image }: Batch<'image'>): StepResults => ({
      loss: mean(image),
      [name]: mean(image),
    })
    expect(traced(defineModel({ params, step }))).toThrow(
      `a metric cannot be named "${name}": rows of the history have a field of that name`,
    )
  })

  test('they do not compile either', () => {
    const refused = defineModel({
      params,
      // @ts-expect-error "epoch" is not a name for a metric.
      step: (_, { image }) => ({ loss: mean(image), epoch: mean(image) }),
    })
    expect(traced(refused)).toThrow('a metric cannot be named "epoch"')
  })

  test.each(['a.b', 'a/b', 'a b', ''])('"%s" is refused', (name) => {
    const step = (_: unknown, { image }: Batch<'image'>): StepResults => ({
      loss: mean(image),
      [name]: mean(image),
    })
    expect(traced(defineModel({ params, step }))).toThrow(
      `a metric cannot be named "${name}": names have no dots, slashes or spaces`,
    )
  })
})

describe('layer', () => {
  test('a bound layer has its parameters, a frozen one too', () => {
    const decayed = defineModel({
      params: { hidden: affine(3, 2), still: frozen(affine(2, 2)) },
      step({ hidden, still }, { image }) {
        expectTypeOf(hidden.weight).toEqualTypeOf<Tensor>()
        expectTypeOf(still.bias).toEqualTypeOf<Tensor>()
        expect(hidden.weight.shape).toEqual([3, 2])
        const loss = mean(square(still(hidden(image))))
        const [gradient] = grad(loss, [hidden.weight])
        const norm = gradient ? sum(square(gradient)) : loss
        return { loss: add(loss, mul(0.5, sum(square(hidden.weight)))), norm }
      },
    })
    const state = {
      'hidden.weight': [1, 2, 3, 4, 5, 6],
      'hidden.bias': [0, 0],
      'still.weight': [0, 0, 0, 0],
      'still.bias': [0, 0],
    }
    const { program } = train(decayed, {
      optimizer: sgd({ learningRate: 0.1 }),
      batchSize: 1,
      data,
    })
    const next = evaluate(program, { state, batch: { image: [1, 1, 1] } })
    // The gradient of the decay alone, w: w' = w - 0.1 w.
    state['hidden.weight'].forEach((w, i) => expect(next.state['hidden.weight']?.[i]).toBeCloseTo(0.9 * w, 6))
    expect([...(next.results.norm ?? [])]).toEqual([0])
  })

  test('those of a list go by their index', () => {
    const pair = layer(
      [affine(1, 2), parameter([2], zeros)],
      ([first, shift]) =>
        (x: Tensor) =>
          add(first(x), shift),
    )
    const model = defineModel({
      params: { pair },
      step(bound, { image }) {
        expectTypeOf(bound.pair[0].weight).toEqualTypeOf<Tensor>()
        expectTypeOf(bound.pair[1]).toEqualTypeOf<Tensor>()
        expect(bound.pair[0].weight.shape).toEqual([1, 2])
        expect(bound.pair[1].shape).toEqual([2])
        return { loss: mean(bound.pair(reshape(image, [6, 1]))) }
      },
    })
    expect(evaluation(model, { batchSize: 2, data }).batchSize).toBe(2)
  })
})
