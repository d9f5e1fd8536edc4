/** Stacks in the reference evaluator: every replica computes what it computes alone. */
import { describe, expect, test } from 'vitest'
import {
  adam,
  add,
  argMax,
  cast,
  concat,
  cosine,
  equal,
  evaluate,
  evaluation,
  gather,
  initialState,
  less,
  logSoftmax,
  matmul,
  max,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  pad,
  parameter,
  randomUniform,
  relu,
  reshape,
  select,
  sgd,
  slice,
  softmax,
  square,
  defineModel,
  Stack,
  sum,
  tanh,
  train,
  transpose,
  UserError,
  zeros,
  type Optimizer,
  type Model,
  type Tensor,
} from '../index.js'

const data = {
  fields: { image: { dtype: 'u8', shape: [6] }, label: { dtype: 'u8', shape: [] } },
  numExamples: 5,
} as const
const batch = {
  image: Array.from({ length: 30 }, (_, i) => (i * 7919) % 256),
  label: [0, 2, 1, 1, 2],
}

type Logits = (weights: Record<string, Tensor>, pixels: Tensor) => Tensor

/** Weights 6-4-3 with biases, to logits by `logits`. */
function classifierOf(logits: Logits): Model {
  return defineModel({
    params: {
      hidden: parameter([6, 4], normal(0.5)),
      hiddenBias: parameter([4], zeros),
      output: parameter([4, 3], normal(0.5)),
      outputBias: parameter([3], zeros),
    },
    step(weights, { image, label }) {
      const out = logits(weights, mul(image, 1 / 255))
      const truth = oneHot(label, 3)
      const hit = equal(cast(argMax(out), 'f32'), cast(label, 'f32'))
      return {
        loss: neg(mean(sum(mul(logSoftmax(out), truth), [1]))),
        accuracy: mean(hit),
        totals: sum(out, [0]),
      }
    },
  })
}

const mlp: Logits = ({ hidden = 0, hiddenBias = 0, output = 0, outputBias = 0 }, pixels) =>
  add(matmul(relu(add(matmul(pixels, hidden), hiddenBias)), output), outputBias)

const MODELS: Record<string, Logits> = {
  'a classifier': mlp,
  'a product with the transpose of weights': ({ hidden = 0, output = 0 }, pixels) =>
    matmul(
      tanh(matmul(pixels, transpose(hidden, [1, 0]), { transposeB: true })),
      transpose(output),
      { transposeB: true },
    ),
  'products from either side': ({ hidden = 0, output = 0 }, pixels) => {
    const gram = matmul(pixels, pixels, { transposeA: true })
    const seen = matmul(hidden, gram, { transposeA: true }) // [4, 6]
    return matmul(matmul(pixels, seen, { transposeB: true }), output)
  },
  'softmax, max and masks': ({ hidden = 0, output = 0 }, pixels) => {
    const code = softmax(matmul(pixels, hidden))
    const top = max(code, [1], { keepDims: true })
    return matmul(select(less(code, mul(top, 0.9)), mul(code, 0.1), code), output)
  },
  'layout ops': ({ hidden = 0, hiddenBias = 0, output = 0 }, pixels) => {
    const code = matmul(
      pixels,
      concat([slice(hidden, [0, 2], [6, 2]), slice(hidden, [0, 0], [6, 2])], 1),
    )
    const padded = pad(code, [1, 0], [7, 4])
    const moved = reshape(transpose(reshape(padded, [7, 2, 2]), [0, 2, 1]), [7, 4])
    return matmul(add(slice(moved, [1, 0], [5, 4]), concat([hiddenBias], 0)), output)
  },
  'sums over many axes': ({ hidden = 0, output = 0 }, pixels) => {
    const cube = mul(reshape(pixels, [5, 6, 1]), reshape(hidden, [1, 6, 4]))
    return add(matmul(sum(cube, [1]), output), mean(cube, [0, 2], { keepDims: false }).shape.length)
  },
  'matrices in stacks': ({ hidden = 0, output = 0 }, pixels) => {
    const pairs = reshape(matmul(pixels, hidden), [5, 2, 2])
    return matmul(reshape(matmul(pairs, pairs, { transposeB: true }), [5, 4]), output)
  },
}

function trainingOf(model: Model, optimizer: Optimizer = adam()) {
  return train(model, { optimizer, batchSize: 5, data })
}

/** Some steps alone and in the stack, from the same weights. */
function expectSame(model: Model, optimizers: readonly Optimizer[]): void {
  const trainings = optimizers.map((optimizer) => trainingOf(model, optimizer))
  const stack = Stack.of(trainings)
  if (stack === undefined) throw new Error('these programs stack')
  let own = trainings.map(({ program }, seed) => initialState(program, seed))
  let all = stack.join(own)
  for (let step = 0; step < 4; step++) {
    const alone = trainings.map(({ program }, replica) =>
      evaluate(program, { batch, step, state: own[replica] ?? {} }),
    )
    const stacked = evaluate(stack.training.program, { batch, step, state: all })
    for (const [replica, { results }] of alone.entries()) {
      for (const [name, values] of Object.entries(results)) {
        const size = values.length
        const told = stacked.results[name]?.slice(replica * size, (replica + 1) * size)
        expect(told, `${name} of replica ${replica}, step ${step}`).toEqual(values)
      }
    }
    own = alone.map(({ state }) => asFloats(state))
    all = asFloats(stacked.state)
    expect(own.map((_, replica) => stack.take(all, replica))).toEqual(own)
  }
}

function asFloats(state: Readonly<Record<string, Float64Array>>): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(state).map(([name, values]) => [name, Float32Array.from(values)]),
  )
}

describe('each replica computes what it computes alone', () => {
  test.each(Object.entries(MODELS))('%s', (_, logits) => {
    expectSame(classifierOf(logits), [adam(), adam(), adam()])
  })

  test.each([1, 2, 8])('%i replicas', (numReplicas) => {
    expectSame(classifierOf(mlp), new Array<Optimizer>(numReplicas).fill(adam()))
  })

  test('learning rates, one of which equals another constant of the step', () => {
    const rates = [0.001, 0.01, 0.1].map((learningRate) => adam({ learningRate }))
    expectSame(classifierOf(mlp), rates)
  })

  test('schedules and momentum', () => {
    const schedules = [0.1, 0.2].map((initial) =>
      sgd({ learningRate: cosine({ learningRate: initial, totalSteps: 4 }), momentum: 0.9 }),
    )
    expectSame(classifierOf(mlp), schedules)
  })

  test('evaluation, by the states of the stack', () => {
    const model = classifierOf(mlp)
    const stack = Stack.of([trainingOf(model), trainingOf(model)])
    const alone = evaluation(model, { batchSize: 5, data })
    const stacked = stack?.evaluation([alone, alone])
    if (!stack || !stacked) throw new Error('these programs stack')
    const own = [0, 1].map((seed) => initialState(trainingOf(model).program, seed))
    const { results } = evaluate(stacked.program, { batch, state: stack.join(own) })
    const losses = own.map((state) => evaluate(alone.program, { batch, state }).results.loss?.[0])
    expect([...(results.loss ?? [])]).toEqual(losses)
  })
})

describe('what is there once', () => {
  const stack = Stack.of([trainingOf(classifierOf(mlp)), trainingOf(classifierOf(mlp))])
  const shapes = new Map(
    stack?.training.program.inputs.map(({ name, node }) => [
      name,
      stack.training.program.node(node).shape,
    ]),
  )

  test("the batch and Adam's corrections", () => {
    expect(shapes.get('image')).toEqual([5, 6])
    expect(shapes.get('optimizer/correction1')).toEqual([])
  })

  test('the product of the batch with the weights of all replicas, and that of their gradients', () => {
    const nodes = stack?.training.program.nodes ?? []
    const products = nodes.filter(({ op }) => op === 'matmul').map(({ shape }) => shape)
    expect(products).toContainEqual([5, 2 * 4])
    expect(products).toContainEqual([6, 2 * 4])
    expect(shapes.get('hidden')).toEqual([6, 2, 4])
    expect(shapes.get('optimizer/m/hidden')).toEqual([6, 2, 4])
  })
})

test('trainings differ in as many numbers as their optimizers do', () => {
  const model = classifierOf(mlp)
  const rate = (learningRate: number) => trainingOf(model, adam({ learningRate }))
  expect(Stack.numDiffering(rate(0.01), rate(0.01))).toBe(0)
  // 0.001 is Adam's 1 - beta2, too.
  expect(Stack.numDiffering(rate(0.01), rate(0.001))).toBe(1)
  const both = adam({ learningRate: 0.02, epsilon: 1e-6 })
  expect(Stack.numDiffering(rate(0.01), trainingOf(model, both))).toBeGreaterThan(1)
  expect(Stack.numDiffering(rate(0.01), trainingOf(model, sgd({ learningRate: 0.01 })))).toBe(
    Infinity,
  )
})

describe('are refused', () => {
  test.each<[string, Model, Model]>([
    [
      'other widths',
      classifierOf(mlp),
      classifierOf((weights, pixels) => mul(mlp(weights, pixels), 2)),
    ],
    [
      'random numbers within a step',
      ...twice(
        classifierOf((weights, pixels) =>
          mlp(weights, mul(pixels, randomUniform([5, 6], 'noise'))),
        ),
      ),
    ],
    [
      'rows looked up in a table of weights',
      ...twice(
        defineModel({
          params: { table: parameter([3, 2], normal(1)) },
          step: ({ table }, { label }) => ({
            loss: mean(square(gather(table, cast(label, 'i32')))),
          }),
        }),
      ),
    ],
  ])('%s', (_, one, other) => {
    expect(Stack.of([trainingOf(one), trainingOf(other)])).toBeUndefined()
  })

  test('batches of other sizes', () => {
    const model = classifierOf(mlp)
    const other = train(model, { optimizer: adam(), batchSize: 4, data })
    expect(Stack.of([trainingOf(model), other])).toBeUndefined()
  })

  test('several shards', () => {
    const model = classifierOf(mlp)
    const sharded = train(model, { optimizer: adam(), batchSize: 5, data, shards: 2 })
    expect(Stack.of([sharded, sharded])).toBeUndefined()
  })

  test('no programs', () => {
    expect(Stack.of([])).toBeUndefined()
  })

  test('differing values of a state that is shared, and a state that is missing', () => {
    const training = trainingOf(classifierOf(mlp))
    const stack = Stack.of([training, training])
    const state = initialState(training.program, 0)
    const later = { ...state, 'optimizer/correction1': Float32Array.of(0.1) }
    expect(() => stack?.join([state, later])).toThrow(UserError)
    expect(() => stack?.join([state, later])).toThrow('optimizer/correction1')
    expect(() => stack?.take({}, 0)).toThrow(UserError)
  })
})

function twice(model: Model): [Model, Model] {
  return [model, model]
}
