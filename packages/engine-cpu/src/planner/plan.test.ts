/** What the planner makes of the Programs that matter most: which kernels a step is, and that nothing is copied. */
import {
  adam,
  add,
  checkpoint,
  constant,
  conv,
  matmul,
  mean,
  mul,
  normal,
  parameter,
  relu,
  reshape,
  scan,
  sgd,
  sigmoid,
  slice,
  square,
  defineModel,
  sub,
  tanh,
  zeros,
  type Optimizer,
  type Tensor,
} from '@gradpool/core'
import { evaluation, train, type BatchProgram } from '@gradpool/core/engine'
import { describe, expect, test, vi } from 'vitest'
import { MICRO, OP } from '../instructions.js'
import { Graph } from './graph.js'
import { type InputPlaces, Plan } from './plan.js'
import { TopologicalOrder } from './topological-order.js'

const data = { fields: { image: { dtype: 'u8', shape: [20] } }, numExamples: 40 } as const

/** 20-8-20, ReLU. */
const autoencoder = defineModel({
  params: {
    encoder: parameter([20, 8], normal(0.3)),
    encoderBias: parameter([8], zeros),
    decoder: parameter([8, 20], normal(0.3)),
    decoderBias: parameter([20], zeros),
  },
  step(weights, { image }: { image: Parameters<typeof mul>[0] }) {
    const pixels = mul(image, 1)
    const code = relu(add(matmul(pixels, weights.encoder), weights.encoderBias))
    const output = relu(add(matmul(code, weights.decoder), weights.decoderBias))
    return { loss: mean(square(sub(output, pixels))) }
  },
})

function trainingOf(optimizer: Optimizer): BatchProgram {
  return train(autoencoder, { optimizer, batchSize: 10, data })
}

function planOf({ program }: Pick<BatchProgram, 'program'>, { isShared = false } = {}): Plan {
  return new Plan(program, { batchSize: 10, dtypeOf: () => 'u8', matmulScratch: () => 256, isShared })
}

/** Where plans find what they do not own. */
function placesOf(): InputPlaces {
  let next = 2 ** 20
  const states = new Map<string, number>()
  return {
    state: (name) => {
      const address = states.get(name) ?? (next += 4096)
      states.set(name, address)
      return address
    },
    field: () => 2 ** 21,
    step: 64,
    seed: 128,
  }
}

/** The instructions of a plan, and the micro-ops of their pointwise programs. */
function wordsOf(plan: Plan): { opcodes: number[]; microOps: number[] } {
  const address = 2 ** 16
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true })
  plan.write(memory, address, 2 ** 22 - 4096, placesOf())
  const words = new Int32Array(memory.buffer)
  const opcodes: number[] = []
  const microOps: number[] = []
  for (let at = address / 4; at < address / 4 + plan.numInstructionWords; at += words[at + 1] ?? 0) {
    const opcode = words[at] ?? 0
    opcodes.push(opcode)
    const program = opcode === OP.MATMUL ? words[at + 10] : opcode === OP.MAP ? words[at + 4] : 0
    if (program === undefined || program === 0) continue
    const [numRegisters = 0, numOps = 0] = words.subarray(program / 4)
    const first = program / 4 + 3 + 2 * numRegisters
    for (let op = 0; op < numOps; op++) microOps.push(words[first + 5 * op] ?? -1)
  }
  return { opcodes, microOps }
}

describe('a step of an autoencoder with Adam', () => {
  const plan = planOf(trainingOf(adam()))

  test('has its elementwise work in the products', () => {
    const products = plan.kernels.filter(({ kind }) => kind === 'product').map(({ ops }) => ops.join(' '))
    const update = 'mul mul add flush flushBelow mul mul mul add flush flushBelow mul sqrt mul add div sub'
    expect(products).toEqual([
      'matmul add relu',
      expect.stringMatching(/^matmul add relu sub mul sum .*less select$/),
      'matmul less select',
      `matmul ${update}`,
      `matmul ${update}`,
    ])
  })

  test('updates each parameter by one micro-op, in place', () => {
    const { opcodes, microOps } = wordsOf(plan)
    expect(microOps.filter((op) => op === MICRO.ADAM)).toHaveLength(4)
    expect(microOps).not.toContain(MICRO.FLUSH)
    expect(opcodes).not.toContain(OP.COPY)
  })

  test('looks at the loss before it writes a state', () => {
    const kinds = plan.kernels.map(({ kind, ops }) => (ops.includes('sqrt') ? 'update' : kind))
    expect(kinds.filter((kind) => kind === 'guard')).toHaveLength(1)
    expect(kinds.indexOf('guard')).toBeLessThan(kinds.indexOf('update'))
  })
})

test('the mean and the variance of rows are summed where the rows are made', () => {
  const normed = defineModel({
    params: { weight: parameter([20, 32], normal(0.3)) },
    step({ weight }, { image }: { image: Parameters<typeof mul>[0] }) {
      const rows = matmul(mul(image, 1), weight)
      const deviations = sub(rows, mean(rows, 0))
      return { loss: mean(mul(tanh(rows), mean(square(deviations), 0))) }
    },
  })
  const { kernels } = planOf(train(normed, { optimizer: adam(), batchSize: 10, data }))
  expect(kernels.filter(({ kind, ops }) => kind === 'single' && ops.includes('sum'))).toEqual([])
  expect(kernels.some(({ kind, ops }) => kind === 'product' && ops.includes('sum'))).toBe(true)
})

test('workers that share the examples sum the rows of each where they make them', () => {
  const normed = defineModel({
    params: { weight: parameter([10, 32], normal(0.3)) },
    step({ weight }, { image }: { image: Parameters<typeof mul>[0] }) {
      const rows = matmul(reshape(mul(image, 1), [10, 2, 10]), weight)
      const deviations = sub(rows, mean(rows, [0, 1]))
      return { loss: mean(mul(tanh(rows), mean(square(deviations), [0, 1]))) }
    },
  })
  const { kernels } = planOf(train(normed, { optimizer: adam(), batchSize: 10, data }), { isShared: true })
  const sums = kernels.filter(({ ops }) => ops.includes('sum'))
  // Of the rows of each example, with the product and with the squares; then of the examples, alone.
  expect(sums.map(({ kind, ops }) => `${kind} ${ops[0] ?? ''}`)).toEqual(
    expect.arrayContaining(['product matmul', expect.stringMatching(/^pointwise/)]),
  )
})

test('a step with plain gradient descent updates in the products, too', () => {
  const plan = planOf(trainingOf(sgd({ learningRate: 0.1 })))
  const updates = plan.kernels.filter(({ kind, ops }) => kind === 'product' && ops.at(-1) === 'sub')
  expect(updates).toHaveLength(2)
  expect(wordsOf(plan).opcodes).not.toContain(OP.COPY)
})

/** How often the planner asks what a node of so many layers needs, and which of two kernels is first. */
function questionsOf(numLayers: number): number {
  const weights = Array.from({ length: numLayers }, () => parameter([20, 20], normal(0.3)))
  const deep = defineModel({
    params: { weights },
    step({ weights }, { image }: { image: Parameters<typeof mul>[0] }) {
      const pixels = mul(image, 1)
      const output = weights.reduce((x, weight) => relu(matmul(x, weight)), pixels)
      return { loss: mean(square(sub(output, pixels))) }
    },
  })
  const program = train(deep, { optimizer: adam(), batchSize: 10, data })
  const asked = [vi.spyOn(Graph.prototype, 'dependencies'), vi.spyOn(TopologicalOrder.prototype, 'isBefore')]
  planOf(program)
  const count = asked.reduce((sum, { mock }) => sum + mock.calls.length, 0)
  vi.restoreAllMocks()
  return count
}

test('each layer more takes as many questions as the one before', () => {
  const [few = 0, more = 0, many = 0] = [10, 20, 40].map(questionsOf)
  expect(many - more).toBe(2 * (more - few))
})

const WIDTH = 200

/** A step of a cell with a gate that reads so many rows, and the loss of its last state. */
function recurrentPlan(time: number, chunk = time, kept: typeof checkpoint = (read) => read): Plan {
  const model = defineModel({
    params: {
      input: parameter([20, WIDTH], normal(0.3)),
      gate: parameter([WIDTH, WIDTH], normal(0.3)),
      state: parameter([WIDTH, WIDTH], normal(0.3)),
    },
    step(weights, { image }: { image: Tensor }) {
      const rows = reshape(mul(image, 1), [10, time, 20])
      const cell = (h: Tensor, x: Tensor) => {
        const gate = sigmoid(matmul(h, weights.gate))
        const state = add(mul(gate, h), mul(sub(1, gate), tanh(add(x, matmul(h, weights.state)))))
        return { state, output: state }
      }
      const read = kept((h: Tensor, first: number) => {
        const read = reshape(slice(rows, [0, first, 0], [10, chunk, 20]), [10 * chunk, 20])
        return scan(cell, h, reshape(matmul(read, weights.input), [10, chunk, WIDTH])).state
      })
      let state = constant(0, [10, WIDTH])
      for (let first = 0; first < time; first += chunk) state = read(state, first)
      return { loss: mean(square(state)) }
    },
  })
  const fields = { image: { dtype: 'u8', shape: [time * 20] } } as const
  return planOf(train(model, { optimizer: adam(), batchSize: 10, data: { fields, numExamples: 40 } }))
}

describe('a step over time', () => {
  const kernelsOf = (time: number) => recurrentPlan(time).kernels
  const productsOf = (time: number) => kernelsOf(time).filter(({ kind }) => kind === 'product')

  test('has as many kernels for each time step: two products forward and two backward, and a block read', () => {
    const [few, more] = [10, 50].map(kernelsOf)
    expect((more?.length ?? 0) - (few?.length ?? 0)).toBe(40 * 5)
    expect(productsOf(50).length - productsOf(10).length).toBe(40 * 4)
  })

  test('has one product for the gradient of each weight, updated there', () => {
    const updates = productsOf(50).filter(({ ops }) => ops.includes('sqrt'))
    expect(updates).toHaveLength(3)
  })

  test('takes memory in proportion to the number of time steps', () => {
    const [few = 0, more = 0, many = 0] = [20, 40, 80].map((time) => recurrentPlan(time).numBytes)
    expect((many - more) / (more - few)).toBeCloseTo(2, 1)
  })

  test('takes less than half of it where eight steps at a time are computed again', () => {
    const [all, some] = [recurrentPlan(64, 8), recurrentPlan(64, 8, checkpoint)]
    expect(some.numBytes / all.numBytes).toBeLessThan(0.5)
    expect(some.kernels.length).toBeGreaterThan(all.kernels.length)
  })
})

describe('a chain of convolutions', () => {
  /** Bytes of what a layer makes, for a batch of 10. */
  const ACTIVATIONS = 4 * 10 * 16 * 16 * 8
  const chainOf = (numLayers: number) =>
    defineModel({
      params: { filters: Array.from({ length: numLayers }, () => parameter([3, 3, 8, 8], normal(0.1))) },
      step({ filters }, { image }: { image: Tensor }) {
        const pixels = reshape(mul(image, 1), [10, 16, 16, 8])
        return { loss: mean(square(filters.reduce((x, filter) => relu(conv(x, filter, { padding: 'same' })), pixels))) }
      },
    })
  const ofChain = { fields: { image: { dtype: 'f32', shape: [16 * 16 * 8] } }, numExamples: 40 } as const
  const trainingOf = (numLayers: number) =>
    planOf(train(chainOf(numLayers), { optimizer: adam(), batchSize: 10, data: ofChain })).numBytes / ACTIVATIONS
  const evaluationOf = (numLayers: number) =>
    planOf(evaluation(chainOf(numLayers), { batchSize: 10, data: ofChain })).numBytes / ACTIVATIONS

  test('keeps what each layer makes once, for the way back; gradients take each other’s place', () => {
    expect((trainingOf(24) - trainingOf(12)) / 12).toBeGreaterThanOrEqual(1)
    expect((trainingOf(24) - trainingOf(12)) / 12).toBeLessThan(1.05)
    expect(trainingOf(24)).toBeLessThan(1.05 * 24 + 2)
  })

  test('has the place of two layers where there is no way back, however deep it is', () => {
    expect(evaluationOf(24)).toBeLessThan(2.2)
    expect(evaluationOf(24) - evaluationOf(12)).toBeLessThan(0.1)
  })
})
