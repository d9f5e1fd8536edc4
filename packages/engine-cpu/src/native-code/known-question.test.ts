/**
 * The known answer is that of WebAssembly, today's planner's question included;
 * `npx vitest run -u src/native-code/known-question` records it anew where the format of plans, the planner or the bits
 * were changed on purpose.
 */
import {
  adam,
  add,
  clipByGlobalNorm,
  conv,
  defineModel,
  exp,
  log,
  logSoftmax,
  matmul,
  maxPool,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  randomNormal,
  randomUniform,
  relu,
  reshape,
  sigmoid,
  greaterEqual,
  square,
  sub,
  sum,
  tanh,
  zeros,
} from '@gradpool/core'
import { stateSizes, train, type CompileOptions, type BatchProgram } from '@gradpool/core/engine'
import { afterAll, expect, test } from 'vitest'
import { CompiledProgram } from '../compile.js'
import { CpuEngine } from '../engine.js'
import { EXEC, RESULT } from '../instructions.js'
import { Plans } from '../planner/plans.js'
import type { ArenaStates } from '../states.js'
import { wasmBuilds, wasmCode } from '../wasm-engine.js'
import { boundTo, instantiate } from '../instantiate.js'
import { usableCode } from './usable-code.js'
import { arenaOf, hashOf, type Question, reasonAgainst } from './known-question.js'
import { knownAnswer } from './known-answer.js'

const PAGE_BYTES = 65536
const PAGES = 24
const STEPS = 3
const BATCH = 6
const SIDE = 8
const CLASSES = 5

/** Products, a convolution, pooling, random numbers, functions, sums, and Adam with a clipped gradient. */
const model = defineModel({
  params: {
    filter: parameter([3, 3, 1, 4], normal(0.2)),
    hidden: parameter([36, 37], normal(0.2)),
    bias: parameter([37], zeros),
    output: parameter([37, CLASSES], normal(0.2)),
  },
  step({ filter, hidden, bias, output }, { image, label }) {
    const pixels = mul(reshape(image, [BATCH, SIDE, SIDE, 1]), 1 / 255)
    // Enough for numbers of the tails, which are drawn in another way; first weights are such numbers, too.
    const noise = mul(randomNormal([BATCH, SIDE, SIDE, 1], 'noise'), 0.1)
    const pooled = maxPool(relu(conv(add(pixels, noise), filter)), 2)
    const dropped = mul(reshape(pooled, [BATCH, 36]), greaterEqual(randomUniform([36], 'dropped'), 0.2))
    const code = tanh(add(matmul(dropped, hidden), bias))
    const gate = sigmoid(mul(code, 3))
    const logits = matmul(mul(code, gate), output)
    const errors = neg(sum(mul(logSoftmax(logits), oneHot(label, CLASSES)), [1]))
    const spread = log(add(mean(exp(square(sub(code, mean(code, 0)))), 1), 1))
    return { loss: add(mean(errors), mul(0.01, mean(spread))) }
  },
})

const data = {
  fields: {
    image: {
      dtype: 'u8',
      shape: [SIDE * SIDE],
      values: Uint8Array.from({ length: STEPS * BATCH * SIDE * SIDE }, (_, i) => (i * 37 + (i >> 4) * 11) % 256),
    },
    label: {
      dtype: 'u8',
      shape: [],
      values: Uint8Array.from({ length: STEPS * BATCH }, (_, i) => (3 * i + 1) % CLASSES),
    },
  },
  rows: Int32Array.from({ length: STEPS * BATCH }, (_, i) => i),
} as const

/** Takes down what the engine has written for a program, before any step. */
class Recorder extends CpuEngine {
  question: Question | undefined

  override prepare(program: BatchProgram, options: CompileOptions, states: ArenaStates): never {
    // Native code may take more scratch memory for a product than WebAssembly does.
    const host = { ...this.#host(), plans: new Plans(() => PAGE_BYTES) }
    const compiled = new CompiledProgram(host, program, options, states)
    const { exec, words } = compiled
    const given: number[] = []
    const asked: number[] = []
    for (const [name, count] of stateSizes(program.program)) {
      const address = states.address(name)
      asked.push(address, count)
      const values = this.arena.words(address, count)
      if (values.every((word) => word === 0)) continue
      given.push(address, count)
      values.fill(0)
    }
    const results = words[EXEC.RESULTS] ?? 0
    for (let i = 0; i < (words[EXEC.NUM_RESULTS] ?? 0); i++) {
      const told = this.arena.words(results + 4 * RESULT.WORDS * i, RESULT.WORDS)
      asked.push(told[RESULT.LAST] ?? 0, told[RESULT.COUNT] ?? 0)
    }
    const all = new Int32Array(this.arena.memory.buffer)
    this.question = {
      memoryPages: PAGES,
      exec,
      steps: STEPS,
      words: runsIn(all, this.kernels.firstAddress / 4),
      given,
      asked,
    }
    throw new Error('recorded')
  }

  #host() {
    const { arenaId, arena, code, kernels, barrierTimeoutMs } = this
    return {
      arenaId,
      arena,
      code,
      kernels,
      barrierTimeoutMs,
      place: this.place.bind(this),
      release: this.release.bind(this),
    }
  }
}

/** What is not 0, as runs of words; a few zeros within are part of one. */
function runsIn(all: Int32Array, first: number): number[] {
  const runs: number[] = []
  for (let at = first; at < all.length; at++) {
    if (all[at] === 0) continue
    let end = at + 1
    for (let zeros = 0, next = end; zeros < 3 && next < all.length; next++) {
      zeros = all[next] === 0 ? zeros + 1 : 0
      if (zeros === 0) end = next + 1
    }
    runs.push(4 * at, end - at, ...all.subarray(at, end))
    at = end
  }
  return runs
}

const engine = new Recorder(
  { name: 'wasm', description: 'records', code: wasmCode().code },
  { memoryBytes: PAGES * PAGE_BYTES },
)
afterAll(() => engine.dispose())

async function recorded(): Promise<Question> {
  const program = train(model, {
    optimizer: adam({ learningRate: 0.01, clip: clipByGlobalNorm(0.7) }),
    batchSize: BATCH,
    data,
  })
  await expect(engine.compile(program, { data, seed: 5 })).rejects.toThrow('recorded')
  if (engine.question === undefined) throw new Error('nothing was recorded')
  return engine.question
}

/** The bits of a build of WebAssembly. */
function answerOf(build: string, question: Question): number {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true })
  const kernels = instantiate(boundTo(memory, wasmCode({ build }).code))
  const arena = new Uint8Array(memory.buffer)
  arena.set(arenaOf(question))
  expect(kernels.check(question.exec)).toBe(0)
  expect(kernels.run(question.exec, question.steps, PAGES * PAGE_BYTES, 0)).toBe(0)
  return hashOf(arena, question)
}

test('is the one of today, with the bits of WebAssembly', async () => {
  const question = await recorded()
  const [build = ''] = wasmBuilds()
  const answer = { ...question, hash: answerOf(build, question) }
  const text = `/** An Answer of known-question.ts. Made by known-question.test.ts, which says how. */
export const knownAnswer = ${written(answer)}
`
  await expect(text).toMatchFileSnapshot('known-answer.ts')
})

/** As Prettier has it. */
function written({ words, given, asked, ...numbers }: Question & { readonly hash: number }): string {
  const lines = Object.entries(numbers).map(([name, value]) => `  ${name}: ${value},`)
  const lists = Object.entries({ words, given, asked }).map(([name, list]) => `  ${name}: ${JSON.stringify(list)},`)
  return `{\n${[...lines, ...lists].join('\n')}\n}`
}

test.each(wasmBuilds())('the build %s of WebAssembly answers right', (build) => {
  expect(answerOf(build, knownAnswer)).toBe(knownAnswer.hash)
})

test('all native code here answers right', () => {
  for (const { addon, instructionSet } of usableCode().all())
    expect(reasonAgainst(addon), instructionSet).toBeUndefined()
  expect(usableCode().problems).toEqual([])
})

test('the steps change every number that is asked for', () => {
  const [file] = usableCode().all()
  if (file === undefined) return
  const before = arenaOf(knownAnswer)
  const after = arenaOf(knownAnswer)
  file.addon.run(after, knownAnswer.exec, knownAnswer.steps, 0)
  for (let at = 0; at < knownAnswer.asked.length; at += 2) {
    const [address = 0, count = 0] = knownAnswer.asked.slice(at, at + 2)
    const bytes = (arena: Uint8Array) => arena.slice(address, address + 4 * count)
    expect(bytes(after), `${count} at ${address}`).not.toEqual(bytes(before))
  }
})
