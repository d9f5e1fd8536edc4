/** A run is looked over before it is executed: what would leave the arena is refused. */
import {
  add,
  adam,
  clipByGlobalNorm,
  conv,
  convTranspose,
  matmul,
  maxPool,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  logSoftmax,
  parameter,
  randomUniform,
  less,
  relu,
  reshape,
  sgd,
  sigmoid,
  softmax,
  sort,
  square,
  defineModel,
  sub,
  sum,
  tanh,
  transpose,
  zeros,
} from '@gradpool/core'
import { train, traceProgram, type BatchProgram, type Split } from '@gradpool/core/engine'
import { f32, randomTraining, splitOf, wholeBatch } from '@gradpool/engine-contract'
import fc from 'fast-check'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '../../src/index.js'
import {
  PLAN_VERSION,
  CHECK,
  CHECK_PART_SHIFT,
  DTYPE,
  MICRO,
  OP,
  REGISTER,
  RESULT,
  EXEC,
  STACK_BYTES,
  POINTWISE,
} from '../../src/instructions.js'
import { loadAddon } from '../../src/native-kernels.js'
import type { CpuChunkTask } from '../../src/step-chunk.js'
import { KernelHost, at, testNumbers, type Exports } from '../../src/testing/kernel-host.js'
import { instanceOf } from '../../src/wasm-modules.js'

const PAGE_BYTES = 65536
const PAGES = 20
const memory = { memoryBytes: PAGES * PAGE_BYTES }
const ARENA_BYTES = memory.memoryBytes
const refused = (part: number, number: number): number => (part << CHECK_PART_SHIFT) | number

const classifier = defineModel({
  params: {
    hidden: parameter([9, 21], normal(0.3)),
    bias: parameter([21], zeros),
    output: parameter([21, 4], normal(0.3)),
  },
  step(weights, batch) {
    const hidden = relu(add(matmul(mul(batch.image, 1 / 255), weights.hidden), weights.bias))
    const kept = less(randomUniform(hidden.shape, 'dropout'), 0.8)
    const logits = matmul(mul(hidden, kept), weights.output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(batch.label, 4)), [1]))) }
  },
})
const autoencoder = defineModel({
  params: { encoder: parameter([9, 5], normal(0.3)), decoder: parameter([5, 9], normal(0.3)) },
  step(weights, batch) {
    const pixels = mul(batch.image, 1 / 255)
    const code = tanh(matmul(pixels, weights.encoder))
    return { loss: mean(square(sub(sigmoid(matmul(code, weights.decoder)), pixels))) }
  },
})
const images = defineModel({
  params: {
    first: parameter([2, 2, 1, 3], normal(0.3)),
    each: parameter([3, 3, 1, 3], normal(0.3)),
    output: parameter([3, 4], normal(0.3)),
  },
  step(weights, batch) {
    const image = reshape(mul(batch.image, 1 / 255), [-1, 3, 3, 1])
    const first = relu(conv(image, weights.first, { padding: [[0, 1], 1] }))
    const each = tanh(conv(first, weights.each, { groups: 3, padding: 'same' }))
    const pooled = maxPool(convTranspose(each, weights.each, { groups: 3, padding: 'same' }), 2)
    const logits = matmul(sum(pooled, [1, 2]), weights.output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(batch.label, 4)), [1]))) }
  },
})
const sequences = defineModel({
  params: { first: parameter([3, 6], normal(0.3)), output: parameter([9, 4], normal(0.3)) },
  step(weights, batch) {
    const rows = matmul(reshape(mul(batch.image, 1 / 255), [-1, 3, 3]), weights.first) // [batch, 3, 6]
    const heads = transpose(reshape(rows, [-1, 3, 2, 3]), [0, 2, 1, 3])
    const scores = softmax(matmul(heads, sort(heads), { transposeB: true })) // [batch, 2, 3, 3]
    const logits = matmul(reshape(sum(scores, 1), [-1, 9]), weights.output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(batch.label, 4)), [1]))) }
  },
})
const NUM_EXAMPLES = 45
const examples = splitOf(
  {
    image: {
      dtype: 'u8',
      shape: [9],
      values: Uint8Array.from({ length: 9 * NUM_EXAMPLES }, (_, i) => (i * 89) % 256),
    },
    label: {
      dtype: 'u8',
      shape: [],
      values: Uint8Array.from({ length: NUM_EXAMPLES }, (_, i) => (i * 7) % 4),
    },
  },
  NUM_EXAMPLES,
)
const EXTENT = 13
const graph = [3, 7, 12, 9, 10, 14, 13, 6].map((op, i) => [op, i, i + 1] as const)
const square13 = splitOf({ x: f32([EXTENT], EXTENT, 1) }, EXTENT)

const MODELS: [name: string, program: BatchProgram, data: Split, workers: number][] = [
  [
    'a classifier with Adam',
    train(classifier, {
      optimizer: adam({ learningRate: 0.01 }),
      batchSize: 16,
      data: examples,
    }),
    examples,
    1,
  ],
  [
    'the same, cut for three workers',
    train(classifier, {
      optimizer: adam({ learningRate: 0.01, clip: clipByGlobalNorm(1) }),
      batchSize: 16,
      microBatches: 5,
      data: examples,
    }),
    examples,
    3,
  ],
  ...[1, 3].map((workers): (typeof MODELS)[number] => [
    `sequences, for ${workers} at once`,
    train(sequences, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 16, data: examples }),
    examples,
    workers,
  ]),
  [
    'an autoencoder with momentum',
    train(autoencoder, {
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      batchSize: 20,
      data: examples,
    }),
    examples,
    1,
  ],
  [
    'convolutions and pooling, cut for two workers',
    train(images, { optimizer: adam({ learningRate: 0.01 }), batchSize: 16, microBatches: 2, data: examples }),
    examples,
    2,
  ],
  ['one of many ops', wholeBatch(traceProgram(randomTraining(EXTENT, graph)), EXTENT), square13, 1],
]

/** The arena after compilation, and where the execution is in it. */
async function snapshotOf(
  program: BatchProgram,
  data: Split,
  workers: number,
): Promise<{ bytes: Uint8Array; exec: number }> {
  const engine = await wasmEngine(memory)
  const execution = await engine.compile(program, { data, seed: 5, workers })
  const [{ code, exec }] = execution.begin(1) as [CpuChunkTask]
  const bytes = new Uint8Array(code.kind === 'wasm' ? code.memory.buffer : code.buffer).slice()
  await engine.dispose()
  return { bytes, exec }
}

/** Addresses of all words that say what an execution does. */
function wordsOf(bytes: Uint8Array, exec: number): number[] {
  const words = new Uint32Array(bytes.buffer)
  const word = (address: number): number => at(words, address / 4)
  const range = (address: number, count: number): number[] => Array.from({ length: count }, (_, i) => address + 4 * i)
  const program = (address: number): number[] => {
    const [registers, ops, sums] = [word(address), word(address + 4), word(address + 8)]
    return range(address, 3 + 2 * registers + 5 * ops + 4 * sums)
  }
  const programs = [EXEC.PROGRAM, EXEC.TAIL].flatMap((from) => {
    const [address, count] = [word(exec + 4 * from), word(exec + 4 * (from + 1))]
    const all = range(address, count)
    for (let i = 0; i < count; i += word(address + 4 * (i + 1))) {
      const start = address + 4 * i
      const isProduct = [OP.MATMUL, OP.MATMUL_SEGMENTS, OP.MATMUL_STACK].some((op) => op === word(start))
      const isConvolution = [OP.CONV, OP.CONV_TRANSPOSE].some((op) => op === word(start))
      const given = isProduct ? 40 : isConvolution ? 24 : word(start) === OP.MAP ? 16 : 0
      const programAddress = given === 0 ? 0 : word(start + given)
      if (programAddress !== 0) all.push(...program(programAddress))
    }
    return all
  })
  const results = word(exec + 4 * EXEC.RESULTS)
  const records = range(results, RESULT.WORDS * word(exec + 4 * EXEC.NUM_RESULTS))
  return [...range(exec, EXEC.WORDS), ...records, ...programs]
}

/**
 * Runs changed plans over an arena that is only the lower part of a memory: pages of a pattern,
 * with the stack between them, lie behind it, and behind those nothing, so that a stray access
 * changes the pattern or traps.
 */
class Sandbox {
  readonly #memory: WebAssembly.Memory
  readonly #exports: Exports
  readonly #bytes: Buffer
  readonly #pattern = Buffer.alloc(PAGE_BYTES, 0x5a)
  readonly #stackTop = ARENA_BYTES + PAGE_BYTES + STACK_BYTES

  constructor() {
    const pages = PAGES + 2 + STACK_BYTES / PAGE_BYTES
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    const { module } = new KernelHost()
    this.#exports = instanceOf(module, this.#memory) as unknown as Exports
    this.#bytes = Buffer.from(this.#memory.buffer)
    this.#bytes.set(this.#pattern, ARENA_BYTES)
    this.#bytes.set(this.#pattern, this.#stackTop)
  }

  get arena(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, 0, ARENA_BYTES)
  }

  load(bytes: Uint8Array, changes: ReadonlyMap<number, number>): void {
    this.#bytes.set(bytes)
    for (const [address, value] of changes) this.#bytes.writeUInt32LE(value >>> 0, address)
  }

  check(exec: number): number {
    this.#exports.__stack_pointer.value = this.#stackTop
    return this.#exports.check(exec, PAGES)
  }

  run(exec: number, steps: number): number {
    this.#exports.__stack_pointer.value = this.#stackTop
    // It is alone, and would wait in vain for others.
    this.#bytes.writeUInt32LE(1, exec + 4 * EXEC.WORKERS)
    return this.#exports.run(exec, steps, 0)
  }

  isTidy(): boolean {
    return [ARENA_BYTES, this.#stackTop].every((address) =>
      this.#pattern.equals(this.#bytes.subarray(address, address + PAGE_BYTES)),
    )
  }
}

const sandbox = new Sandbox()
const fileOf = (set: string): string => fileURLToPath(new URL(`../../dist/native/${set}.node`, import.meta.url))
const portable = nativeInstructionSets().includes('portable') ? loadAddon(fileOf('portable')) : undefined

/** Whether a changed plan was refused; if not, it was run and kept to its arena. */
function isRefused(bytes: Uint8Array, exec: number, changes: ReadonlyMap<number, number>): boolean {
  const what = (): string => [...changes].map(([a, v]) => `[${a}] = ${v}`).join(', ')
  sandbox.load(bytes, changes)
  const code = sandbox.check(exec)
  if (portable && portable.check(sandbox.arena, exec) !== code) {
    expect.fail(`native code disagrees with ${code}: ${what()}`)
  }
  if (code === 0) {
    try {
      sandbox.run(exec, 4)
    } catch (error) {
      expect.fail(`${String(error)}: ${what()}`)
    }
  }
  if (!sandbox.isTidy()) expect.fail(`bytes outside of the arena changed: ${what()}`)
  return code !== 0
}

describe.each(MODELS)('%s', (_, program, data, workers) => {
  it('passes, on every engine', async () => {
    const engines = [
      await wasmEngine(memory),
      ...(await Promise.all(
        nativeInstructionSets().map((instructionSet) => nativeEngine({ ...memory, instructionSet })),
      )),
    ]
    for (const engine of engines) {
      const execution = await engine.compile(program, { data, seed: 5, workers })
      expect((await execution.run({ steps: 3 })).status).toBe('done')
      await engine.dispose()
    }
  })

  it('keeps to its arena or is refused, whichever word is changed', async () => {
    const { bytes, exec } = await snapshotOf(program, data, workers)
    expect(isRefused(bytes, exec, new Map())).toBe(false)
    const words = new Uint32Array(bytes.buffer)
    const next = testNumbers(7)
    let numRefused = 0
    for (const address of wordsOf(bytes, exec)) {
      const word = at(words, address / 4)
      const random = 4 * Math.floor((next() * ARENA_BYTES) / 4)
      const values = [0, 1, word - 1, word + 1, 2 * word, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
      values.push(next() * 2 ** 32, random, random + 2, ARENA_BYTES - 4, ARENA_BYTES)
      values.push(exec, address, word + 2 ** 30)
      for (const value of values) {
        if (isRefused(bytes, exec, new Map([[address, value]]))) numRefused++
      }
    }
    expect(numRefused).toBeGreaterThan(1000)
  }, 30_000)

  it('keeps to its arena or is refused, whichever words are changed together', async () => {
    const { bytes, exec } = await snapshotOf(program, data, workers)
    const addresses = wordsOf(bytes, exec)
    const value = fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: ARENA_BYTES / 4 }).map((word) => 4 * word),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    )
    const change = fc.tuple(fc.constantFrom(...addresses), value)
    const changes = fc.array(change, { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(changes, (list) => void isRefused(bytes, exec, new Map(list))),
      { numRuns: 2000, seed: 11 },
    )
  }, 30_000)
})

describe('a plan', () => {
  const host = new KernelHost()
  const END = host.memory.buffer.byteLength
  const other = 2 ** 20
  const programOf = (kind: number, written: boolean) => (address: number) => {
    const registers = [kind, address, REGISTER.TEMP, 0]
    return [2, 1, 0, ...registers, MICRO.COPY, written ? 0 : 1, written ? 1 : 0, 0, 0]
  }
  const map = (kind: number, written = false) => ({
    instruction: (_: number, program: number) => [OP.MAP, 6, 7, program],
    program: programOf(kind, written),
  })
  interface Operand {
    readonly bytes: number
    readonly align?: number
    readonly isWritten?: boolean
    /** Address 0 is allowed. */
    readonly mayBeNone?: boolean
    readonly instruction: (address: number, program: number) => number[]
    readonly program?: (address: number) => number[]
  }
  const f32ToU8 = [DTYPE.u8, DTYPE.f32]
  // 2 examples of 3 x 4 x 2 channels, windows of 2 x 2, 3 filters: 24, 36 and 24 elements of x, y and the filter.
  const axes = [1, 1, 1, 1, 1, 0, 3, 2, 2, 1, 1, 0, 4, 3, 2, 1, 1, 0]
  const images = [2, 2, 3, 1, ...axes]
  const pooled = [2, 2, 2, 1, ...axes]
  const OPERANDS: Record<string, Operand> = {
    'GATHER_BATCH dst': {
      bytes: 4 * 12,
      isWritten: true,
      instruction: (x) => [OP.GATHER_BATCH, x, other, DTYPE.f32, DTYPE.u8, 4, 3],
    },
    'GATHER_BATCH field': {
      bytes: 4 * 10,
      align: 1,
      instruction: (x) => [OP.GATHER_BATCH, other, x, DTYPE.f32, DTYPE.u8, 4, 3],
    },
    'MATMUL dst': {
      bytes: 4 * 20,
      isWritten: true,
      mayBeNone: true,
      instruction: (x) => [OP.MATMUL, x, other, other, 4, 5, 6, 0, other, 0],
    },
    'MATMUL a': {
      bytes: 4 * 24,
      instruction: (x) => [OP.MATMUL, other, x, other, 4, 5, 6, 1, other, 0],
    },
    'MATMUL b': {
      bytes: 4 * 30,
      instruction: (x) => [OP.MATMUL, other, other, x, 4, 5, 6, 2, other, 0],
    },
    'MATMUL scratch': {
      bytes: host.exports.matmul_scratch(4, 5, 6, 2, 1, 0, 1),
      isWritten: true,
      instruction: (x) => [OP.MATMUL, other, other, other, 4, 5, 6, 2, x, 0],
    },
    'MAP full': { bytes: 4 * 42, ...map(REGISTER.FULL) },
    'MAP full, written': { bytes: 4 * 42, isWritten: true, ...map(REGISTER.FULL, true) },
    'MAP scalar': { bytes: 4, ...map(REGISTER.SCALAR) },
    'MAP row': { bytes: 4 * 7, ...map(REGISTER.ROW) },
    'MAP column': { bytes: 4 * 6, ...map(REGISTER.COL) },
    'MAP bytes': { bytes: 42, align: 1, ...map(REGISTER.FULL_U8) },
    'MAP integers': { bytes: 4 * 42, ...map(REGISTER.FULL_I32) },
    'MAP sum': {
      bytes: 4,
      isWritten: true,
      instruction: (_, program) => [OP.MAP, 6, 7, program],
      program: (x) => [1, 0, 1, REGISTER.TEMP, 0, 0, x, 1, 1],
    },
    'MAP sum of rows': {
      bytes: 4 * 3 * 32,
      isWritten: true,
      instruction: (_, program) => [OP.MAP, 6, 32, program],
      program: (x) => [1, 0, 1, REGISTER.TEMP, 0, 0, x, 32, 3],
    },
    'CONV dst': {
      bytes: 4 * 36,
      isWritten: true,
      mayBeNone: true,
      instruction: (x) => [OP.CONV, x, other, other, other, 0, ...images],
    },
    'CONV x': { bytes: 4 * 48, instruction: (x) => [OP.CONV, other, x, other, other, 0, ...images] },
    'CONV filter': { bytes: 4 * 24, instruction: (x) => [OP.CONV, other, other, x, other, 0, ...images] },
    'CONV_TRANSPOSE dst': {
      bytes: 4 * 48,
      isWritten: true,
      mayBeNone: true,
      instruction: (x) => [OP.CONV_TRANSPOSE, x, other, other, other, 0, ...images],
    },
    'CONV_TRANSPOSE g': {
      bytes: 4 * 36,
      instruction: (x) => [OP.CONV_TRANSPOSE, other, x, other, other, 0, ...images],
    },
    'CONV_TRANSPOSE scratch': {
      bytes: 4 * 24,
      isWritten: true,
      instruction: (x) => [OP.CONV_TRANSPOSE, other, other, other, x, 0, ...images],
    },
    'CONV_FILTER dst': {
      bytes: 4 * 24,
      isWritten: true,
      instruction: (x) => [OP.CONV_FILTER, x, other, other, other, 2, ...images],
    },
    'CONV_FILTER g': {
      bytes: 4 * 36,
      instruction: (x) => [OP.CONV_FILTER, other, other, x, other, 1, ...images],
    },
    'CONV_FILTER scratch': {
      bytes: 4 * 24,
      isWritten: true,
      instruction: (x) => [OP.CONV_FILTER, other, other, other, x, 2, ...images],
    },
    'MAX_POOL dst': {
      bytes: 4 * 24,
      isWritten: true,
      instruction: (x) => [OP.MAX_POOL, x, other, other, ...pooled],
    },
    'MAX_POOL values': { bytes: 4 * 48, instruction: (x) => [OP.MAX_POOL, other, other, x, ...pooled] },
    'MAX_POOL_SPREAD dst': {
      bytes: 4 * 48,
      isWritten: true,
      instruction: (x) => [OP.MAX_POOL_SPREAD, x, other, other, ...pooled],
    },
    'MAX_POOL_SPREAD g': { bytes: 4 * 24, instruction: (x) => [OP.MAX_POOL_SPREAD, other, other, x, ...pooled] },
    'SUM dst': { bytes: 4 * 10, isWritten: true, instruction: (x) => [OP.SUM, x, other, 2, 3, 5] },
    'SUM src': { bytes: 4 * 30, instruction: (x) => [OP.SUM, other, x, 2, 3, 5] },
    'REDUCE_MAX src': { bytes: 4 * 30, instruction: (x) => [OP.REDUCE_MAX, other, x, 2, 3, 5] },
    'ARG_MAX dst': {
      bytes: 4 * 6,
      isWritten: true,
      instruction: (x) => [OP.ARG_MAX, x, other, 6, 7],
    },
    'ARG_MAX src': { bytes: 4 * 42, instruction: (x) => [OP.ARG_MAX, other, x, 6, 7] },
    'SOFTMAX dst': {
      bytes: 4 * 42,
      isWritten: true,
      instruction: (x) => [OP.SOFTMAX, x, other, 6, 7],
    },
    'LOG_SOFTMAX src': { bytes: 4 * 42, instruction: (x) => [OP.LOG_SOFTMAX, other, x, 6, 7] },
    'COPY dst': {
      bytes: 4 * (1 * 10 + 2 * 3 + 1),
      isWritten: true,
      instruction: (x) => [OP.COPY, x, other, 4, 2, 2, 3, 10, 3, 1, 0],
    },
    'COPY src': {
      bytes: 1 * 20 + 2 * 4 + 1,
      align: 1,
      instruction: (x) => [OP.COPY, other, x, 1, 2, 2, 3, 3, 1, 20, 4],
    },
    'FILL dst': { bytes: 4 * 9, isWritten: true, instruction: (x) => [OP.FILL, x, 9, 0] },
    'CAST dst': {
      bytes: 9,
      align: 1,
      isWritten: true,
      instruction: (x) => [OP.CAST, x, other, ...f32ToU8, 9],
    },
    'CAST src': { bytes: 4 * 9, instruction: (x) => [OP.CAST, other, x, ...f32ToU8, 9] },
    'GATHER_ROWS dst': {
      bytes: 4 * 12,
      align: 1,
      isWritten: true,
      instruction: (x) => [OP.GATHER_ROWS, x, other, other, 3, 16, 5],
    },
    'GATHER_ROWS table': {
      bytes: 4 * 20,
      align: 1,
      instruction: (x) => [OP.GATHER_ROWS, other, x, other, 3, 16, 5],
    },
    'GATHER_ROWS indices': {
      bytes: 4 * 3,
      instruction: (x) => [OP.GATHER_ROWS, other, other, x, 3, 16, 5],
    },
    'SCATTER_ADD dst': {
      bytes: 4 * 20,
      isWritten: true,
      instruction: (x) => [OP.SCATTER_ADD, x, other, other, 3, 4, 5],
    },
    'SCATTER_ADD updates': {
      bytes: 4 * 12,
      instruction: (x) => [OP.SCATTER_ADD, other, x, other, 3, 4, 5],
    },
    'ONE_HOT dst': {
      bytes: 4 * 12,
      isWritten: true,
      instruction: (x) => [OP.ONE_HOT, x, other, DTYPE.u8, 3, 4],
    },
    'ONE_HOT src': { bytes: 4 * 3, instruction: (x) => [OP.ONE_HOT, other, x, DTYPE.i32, 3, 4] },
    'RANDOM dst': {
      bytes: 4 * 9,
      isWritten: true,
      instruction: (x) => [OP.RANDOM, x, 9, 1, 5, other, other],
    },
    'RANDOM seed': { bytes: 4, instruction: (x) => [OP.RANDOM, other, 9, 1, 5, x, other] },
    'RANDOM step': { bytes: 4, instruction: (x) => [OP.RANDOM, other, 9, 1, 5, other, x] },
    'GUARD value': { bytes: 4, instruction: (x) => [OP.GUARD, x] },
  }

  /** A run of one instruction over rows 9, 0 and 3, checked. */
  function check(
    { instruction, program }: Operand,
    addressOf: (exec: number) => number,
    change: (exec: Int32Array) => unknown = () => undefined,
  ): number {
    host.reset()
    const exec = host.ints(EXEC.WORDS).fill(0)
    const address = addressOf(exec.byteOffset)
    const programAddress = program ? host.ints(program(address)).byteOffset : 0
    const [opcode = 0, ...operands] = instruction(address, programAddress)
    const plan = host.ints([opcode, operands.length + 2, ...operands])
    exec[EXEC.VERSION] = PLAN_VERSION
    exec[EXEC.ROWS] = host.ints([9, 0, 3]).byteOffset
    exec[EXEC.ORDER_EPOCH] = -1
    exec[EXEC.NUM_EXAMPLES] = exec[EXEC.BATCH_SIZE] = 3
    exec[EXEC.INDICES] = host.ints(3).byteOffset
    exec[EXEC.STEP_INPUT] = exec[EXEC.SEED_INPUT] = host.ints(1).byteOffset
    exec[EXEC.PROGRAM] = plan.byteOffset
    exec[EXEC.PROGRAM_WORDS] = plan.length
    change(exec)
    return host.exports.check(exec.byteOffset, END / PAGE_BYTES)
  }

  it.each(Object.entries(OPERANDS))('%s may reach the last byte of the arena', (_name, operand) => {
    const { bytes, align = 4, isWritten = false, mayBeNone = false } = operand
    const instruction = refused(CHECK.PROGRAM, 1)
    expect(check(operand, () => END - bytes)).toBe(0)
    expect(check(operand, () => END - bytes + align)).toBe(instruction)
    expect(check(operand, () => 0)).toBe(mayBeNone ? 0 : instruction)
    if (align > 1) expect(check(operand, () => other + 1)).toBe(instruction)
    expect(check(operand, (exec) => exec)).toBe(isWritten ? instruction : 0)
  })

  const temps = [REGISTER.TEMP, 0, REGISTER.TEMP, 1]
  const scalars = Array.from({ length: 14 }, () => [REGISTER.SCALAR, other]).flat()
  const adamRegisters = [...scalars].fill(REGISTER.FULL)
  for (let r = 0; r < 14; r++) {
    adamRegisters[2 * r] = r < 7 ? REGISTER.FULL : REGISTER.SCALAR
    adamRegisters[2 * r + 1] = other
  }
  const programs: Record<string, [isRefused: boolean, words: number[]]> = {
    'of nothing': [false, [0, 0, 0]],
    'of two temps': [false, [2, 1, 0, ...temps, MICRO.NEG, 0, 1, 0, 0]],
    'of an unknown micro-op': [true, [2, 1, 0, ...temps, MICRO.ADAM + 1, 0, 1, 0, 0]],
    'that writes a register it has not': [true, [2, 1, 0, ...temps, MICRO.NEG, 2, 1, 0, 0]],
    'that reads a register it has not': [true, [2, 1, 0, ...temps, MICRO.ADD, 0, 1, 2, 0]],
    'of a temp too many': [true, [1, 0, 0, REGISTER.TEMP, POINTWISE.MAX_TEMPS]],
    'of an unknown kind of register': [true, [1, 0, 0, 8, other]],
    'of a product, without a matmul': [true, [1, 0, 0, REGISTER.PRODUCT, 0]],
    'of too many registers': [true, [POINTWISE.MAX_REGISTERS + 1, 0, 0, ...Array<number>(98).fill(0)]],
    'of too many sums': [true, [1, 0, POINTWISE.MAX_SUMS + 1, ...Array<number>(70).fill(0)]],
    'that sums a register it has not': [true, [1, 0, 1, REGISTER.TEMP, 0, 1, other, 1, 1]],
    'that sums all elements': [false, [1, 0, 1, REGISTER.TEMP, 0, 0, other, 1, 1]],
    'that sums to some columns': [true, [1, 0, 1, REGISTER.TEMP, 0, 0, other, 2, 1]],
    'that sums no parts': [true, [1, 0, 1, REGISTER.TEMP, 0, 0, other, 1, 0]],
    'that sums all elements of two parts': [true, [1, 0, 1, REGISTER.TEMP, 0, 0, other, 1, 2]],
    'of an Adam step': [false, [14, 1, 0, ...adamRegisters, MICRO.ADAM, 0, 0, 0, 0]],
    // Its last scalar would be the next word, which looks like one: EXP and SCALAR are the same
    // number.
    'of an Adam step past its registers': [
      true,
      [14, 2, 0, ...adamRegisters.slice(0, 14), ...adamRegisters.slice(0, 2), ...scalars.slice(0, 12)].concat([
        MICRO.EXP,
        0,
        0,
        0,
        0,
        MICRO.ADAM,
        0,
        1,
        0,
        0,
      ]),
    ],
    'of an Adam step of scalars': [true, [14, 1, 0, ...scalars, MICRO.ADAM, 0, 0, 0, 0]],
  }
  for (const kind of ['SCALAR', 'ROW', 'COL', 'FULL_U8', 'FULL_I32'] as const) {
    const registers = [REGISTER[kind], other, REGISTER.TEMP, 0]
    programs[`that reads a register of kind ${kind}`] = [false, [2, 1, 0, ...registers, MICRO.COPY, 1, 0, 0, 0]]
    programs[`that writes one of kind ${kind}`] = [true, [2, 1, 0, ...registers, MICRO.COPY, 0, 1, 0, 0]]
  }

  it.each(Object.entries(programs))('a pointwise program %s', (_name, [isRefused, words]) => {
    const operand = {
      bytes: 0,
      instruction: (_: number, address: number) => [OP.MAP, 6, 7, address],
      program: () => words,
    }
    expect(check(operand, () => 0)).toBe(isRefused ? refused(CHECK.PROGRAM, 1) : 0)
  })

  it.each([
    ['an unknown opcode', [17, other]],
    ['opcode 0', [0, other]],
    ['an operand too few', [OP.SUM, other, other, 1, 1]],
    ['an operand too many', [OP.SUM, other, other, 1, 1, 1, 1]],
    ['a maximum of nothing', [OP.REDUCE_MAX, other, other, 1, 0, 1]],
    ['a product of nothing', [OP.MATMUL, other, other, other, 4, 5, 0, 0, other, 0]],
    ['an unknown flag', [OP.MATMUL, other, other, other, 4, 5, 6, 4, other, 0]],
    ['a matrix larger than the arena', [OP.MATMUL, other, other, other, 1, 2 ** 24, 256, 2, other, 0]],
    ['more rows than there are indices', [OP.GATHER_BATCH, other, other, 0, 0, 1, 4]],
    ['an unknown dtype', [OP.CAST, other, other, 0, 3, 1]],
    ['classes of floats', [OP.ONE_HOT, other, other, DTYPE.f32, 3, 4]],
    ['a table of no rows', [OP.GATHER_ROWS, other, other, other, 1, 1, 0]],
    ['elements of 2 bytes', [OP.COPY, other, other, 2, 1, 3, 1, 1]],
    ['nine axes', [OP.COPY, other, other, 4, 9, ...Array<number>(27).fill(1)]],
    ['another number of strides', [OP.COPY, other, other, 4, 2, 3, 3, 1, 1]],
    ['a step down past the start', [OP.COPY, other, other, 4, 1, 3, 1, -(2 ** 18)]],
    ['an extent past 2^32', [OP.SUM, other, other, 2 ** 16, 2 ** 16, 2 ** 16]],
  ])('%s is refused', (_name, words) => {
    const operand = { bytes: 0, instruction: () => words }
    expect(check(operand, () => 0)).toBe(refused(CHECK.PROGRAM, 1))
  })

  it.each<[word: keyof typeof EXEC, change: (exec: Int32Array) => unknown]>([
    ['VERSION', (exec) => (exec[EXEC.VERSION] = PLAN_VERSION + 1)],
    ['STEP', (exec) => (exec[EXEC.STEP] = -1)],
    ['NUM_EXAMPLES', (exec) => (exec[EXEC.NUM_EXAMPLES] = 0)],
    ['BATCH_SIZE', (exec) => (exec[EXEC.BATCH_SIZE] = 0)],
    ['BATCH_SIZE', (exec) => (exec[EXEC.BATCH_SIZE] = 4)],
    ['ROWS', (exec) => (exec[EXEC.ROWS] = 0)],
    ['ROWS', (exec) => (exec[EXEC.ROWS] = host.ints([9, -1, 3]).byteOffset)],
    ['ORDER', (exec) => (exec[EXEC.ORDER] = at(exec, EXEC.ROWS))],
    [
      'ORDER',
      (exec) => {
        exec[EXEC.ORDER] = host.ints([9, 0, 10]).byteOffset
        exec[EXEC.ORDER_EPOCH] = 0
      },
    ],
    ['INDICES', (exec) => (exec[EXEC.INDICES] = END - 8)],
    ['RESULTS', (exec) => (exec[EXEC.NUM_RESULTS] = 1)],
    ['STEP_INPUT', (exec) => (exec[EXEC.STEP_INPUT] = END)],
    ['STEP_INPUT', (exec) => (exec[EXEC.STEP_INPUT] = at(exec, EXEC.PROGRAM))],
    ['SEED_INPUT', (exec) => (exec[EXEC.SEED_INPUT] = exec.byteOffset)],
    ['PROGRAM', (exec) => (exec[EXEC.INDICES] = at(exec, EXEC.PROGRAM))],
  ])('with another word %s is refused', (word, change) => {
    const operand = { bytes: 0, instruction: () => [OP.GUARD, other] }
    expect(check(operand, () => 0)).toBe(0)
    expect(check(operand, () => 0, change)).toBe(refused(CHECK.EXEC, EXEC[word]))
  })

  it.each([
    ['no elements', [0, other, other, other, other, 0]],
    ['a value outside', [2, END - 4, other, other, other, 0]],
    ['a sum outside', [2, other, other, END - 8, other, 0]],
    ['a sum between two doubles', [1, other, other, other + 4, other, 0]],
    ['a last value outside', [1, other, other, other, END, 0]],
    ['a row outside', [1, END - 8, 0, 0, 0, other]],
    ['collected rows outside', [2, other, 0, 0, 0, END - 20]],
    ['collected rows that are not aligned', [1, other, 0, 0, 0, other + 2]],
    ['more rows than any memory', [2 ** 31 - 1, other, 0, 0, 0, other]],
  ])('with a result of %s is refused', (_name, record) => {
    const operand = { bytes: 0, instruction: () => [OP.GUARD, other] }
    const withResult = (words: number[]) => (exec: Int32Array) => {
      exec[EXEC.NUM_RESULTS] = 1
      exec[EXEC.RESULTS] = host.ints(words).byteOffset
    }
    expect(check(operand, () => 0, withResult([1, other, 0, other, other, 0]))).toBe(0)
    expect(check(operand, () => 0, withResult([1, END - 12, 0, 0, 0, END - 12]))).toBe(0)
    expect(check(operand, () => 0, withResult(record))).toBe(refused(CHECK.RESULT, 1))
  })
})

describe.runIf(portable !== undefined)('native code', () => {
  it('refuses an execution outside of the arena, and one of another version', () => {
    const arena = new Uint8Array(4096)
    const outside = [4096, 4096 - 4 * EXEC.WORDS + 4, 2 ** 32 - 4, 2]
    for (const address of outside) {
      expect(portable?.run(arena, address, 1, 0)).toBe(3)
      expect(portable?.check(arena, address)).toBe(refused(CHECK.EXEC, EXEC.WORDS))
    }
    expect(arena.every((byte) => byte === 0)).toBe(true)
    new Uint32Array(arena.buffer, 64, 1)[0] = 99
    expect(portable?.run(arena, 64, 1, 0)).toBe(3)
    expect(portable?.check(arena, 64)).toBe(refused(CHECK.EXEC, EXEC.VERSION))
  })
})
