/** Trainings that run as a stack get the bits that each gets alone, on every target. */
import {
  adam,
  add,
  argMax,
  cast,
  equal,
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
  square,
  defineModel,
  Stack,
  sub,
  sum,
  train,
  traceProgram,
  zeros,
  type Engine,
  type Optimizer,
  type Split,
  type Model,
  type StateValues,
  type Tensor,
} from '@gradpool/core'
import { choices, f32, randomTraining, splitOf, wholeBatch } from '@gradpool/engine-contract'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nativeEngine, nativeInstructionSets, wasmEngine } from './index.js'

const NUM_EXAMPLES = 43
const examples = splitOf(
  {
    image: {
      dtype: 'u8',
      shape: [37],
      values: Uint8Array.from({ length: NUM_EXAMPLES * 37 }, (_, i) => (i * 89) % 256),
    },
    label: {
      dtype: 'u8',
      shape: [],
      values: Uint8Array.from({ length: NUM_EXAMPLES }, (_, i) => (i * 7) % 5),
    },
  },
  NUM_EXAMPLES,
)

const layer = (x: Tensor, weights: Tensor, bias: Tensor): Tensor => add(matmul(x, weights), bias)

const mlp = defineModel({
  params: {
    hidden: parameter([37, 10], normal(0.3)),
    hiddenBias: parameter([10], zeros),
    output: parameter([10, 5], normal(0.3)),
    outputBias: parameter([5], zeros),
  },
  step({ hidden, hiddenBias, output, outputBias }, { image, label }) {
    const logits = layer(relu(layer(mul(image, 1 / 255), hidden, hiddenBias)), output, outputBias)
    return {
      loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 5)), [1]))),
      accuracy: mean(equal(cast(argMax(logits), 'f32'), cast(label, 'f32'))),
    }
  },
})

/** With a code of one number, whose bias sums contiguous elements. */
const autoencoder = defineModel({
  params: {
    encoder: parameter([37, 17], normal(0.3)),
    encoderBias: parameter([17], zeros),
    code: parameter([17, 1], normal(0.3)),
    codeBias: parameter([1], zeros),
    decoder: parameter([1, 37], normal(0.3)),
    decoderBias: parameter([37], zeros),
  },
  step({ encoder, encoderBias, code, codeBias, decoder, decoderBias }, { image }) {
    const pixels = mul(image, 1 / 255)
    const inner = layer(relu(layer(pixels, encoder, encoderBias)), code, codeBias)
    return { loss: mean(square(sub(layer(inner, decoder, decoderBias), pixels))) }
  },
})

const engines: Record<string, () => Promise<Engine>> = {
  wasm: () => wasmEngine({ memoryBytes: 2 ** 28 }),
  ...Object.fromEntries(
    nativeInstructionSets().map((instructionSet) => [
      instructionSet,
      () => nativeEngine({ memoryBytes: 2 ** 28, instructionSet }),
    ]),
  ),
}

describe.each(Object.entries(engines))('%s', (_, make) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await make()
  })
  afterAll(() => engine.dispose())

  /** Two epochs, each followed by a pass over the same examples without training: means and states, bit by bit. */
  async function expectSameBits(model: Model, optimizers: readonly Optimizer[]): Promise<void> {
    const trainings = optimizers.map((optimizer) =>
      train(model, { optimizer, batchSize: 10, data: examples }),
    )
    const passes = optimizers.map(() => evaluation(model, { batchSize: 20, data: examples }))
    const states = trainings.map(({ program }, seed) => initialState(program, seed))
    const stack = stackOf(trainings)
    const stacked = await history(stack.training, stack.evaluation(passes), stack.join(states))
    for (const [replica, training] of trainings.entries()) {
      const alone = await history(training, passes[replica], states[replica] ?? {})
      expect(stacked.means.map((means) => part(means, replica, trainings.length))).toEqual(
        alone.means,
      )
      expect(hex(stack.take(stacked.state, replica))).toEqual(hex(alone.state))
    }
  }

  async function history(
    program: Stack['training'],
    pass: Stack['training'] | undefined,
    state: StateValues,
  ) {
    if (pass === undefined) throw new Error('this evaluation stacks')
    const execution = await engine.compile(program, { data: examples, seed: 9, state })
    const evaluating = await engine.compile(pass, {
      data: examples,
      seed: 9,
      shareStateOf: execution,
    })
    const means: Readonly<Record<string, Float64Array>>[] = []
    for (let epoch = 0; epoch < 2; epoch++) {
      for (const each of [execution, evaluating]) {
        means.push((await each.run({ steps: each.stepsPerEpoch })).means)
      }
    }
    const read = execution.read()
    evaluating.dispose()
    execution.dispose()
    return { means, state: read }
  }

  test.each([2, 3, 8])('%i classifiers', async (numReplicas) => {
    await expectSameBits(mlp, new Array<Optimizer>(numReplicas).fill(adam({ learningRate: 0.01 })))
  })

  test.each([2, 3, 8])('%i autoencoders', async (numReplicas) => {
    await expectSameBits(
      autoencoder,
      new Array<Optimizer>(numReplicas).fill(adam({ learningRate: 0.01 })),
    )
  })

  test('learning rates', async () => {
    await expectSameBits(
      mlp,
      [0.001, 0.003, 0.01].map((learningRate) => adam({ learningRate })),
    )
  })

  test('random Programs of any extent', async () => {
    await fc.assert(
      fc.asyncProperty(choices, fc.integer({ min: 1, max: 40 }), async (graph, extent) => {
        const split = splitOf({ x: f32([extent], extent, 1) }, extent)
        const program = wholeBatch(traceProgram(randomTraining(extent, graph)), extent)
        const states = [3, 4, 5].map((seed) => initialState(program.program, seed))
        const stack = stackOf([program, program, program])
        const stacked = await bits(stack.training, split, stack.join(states))
        for (const [replica, state] of states.entries()) {
          const alone = await bits(program, split, state)
          expect(hex(stack.take(stacked.state, replica))).toEqual(hex(alone.state))
          expect(part(stacked.means, replica, 3)).toEqual(alone.means)
        }
      }),
      { numRuns: 30, seed: 6 },
    )
  }, 60_000)

  async function bits(program: Stack['training'], split: Split, state: StateValues) {
    const execution = await engine.compile(program, { data: split, seed: 1, state })
    const { means } = await execution.run({ steps: 3 })
    const read = execution.read()
    execution.dispose()
    return { means, state: read }
  }

  test('a loss that is not finite in any replica ends the span before that step', async () => {
    const model = defineModel({
      params: { x: parameter([1], normal(1)) },
      step: ({ x }) => ({ loss: sum(log(x)) }),
    })
    const training = train(model, { optimizer: adam(), batchSize: 43, data: examples })
    const stack = stackOf([training, training])
    const states = [1, -1].map((x) => ({
      ...initialState(training.program, 0),
      x: Float32Array.of(x),
    }))
    const state = stack.join(states)
    const execution = await engine.compile(stack.training, { data: examples, seed: 0, state })
    expect(await execution.run({ steps: 2 })).toMatchObject({ status: 'notFinite', steps: 0 })
    expect(execution.read()).toEqual(state)
    execution.dispose()
  })
})

function stackOf(trainings: readonly Stack['training'][]): Stack {
  const stack = Stack.of(trainings)
  if (stack === undefined) throw new Error('these trainings stack')
  return stack
}

/** One replica's means, of results that are `[replicas, ...]`. */
function part(
  means: Readonly<Record<string, Float64Array>>,
  replica: number,
  numReplicas: number,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(means).map(([name, all]) => {
      const size = all.length / numReplicas
      return [name, all.slice(replica * size, (replica + 1) * size)]
    }),
  )
}

function hex(state: StateValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(state).map(([name, { buffer }]) => [name, Buffer.from(buffer).toString('hex')]),
  )
}
