/** Runs chunks of the reference engine in any thread: one evaluation of the Program a step. */
import {
  evaluate,
  shuffled,
  sizeOf,
  type BatchProgram,
  type Field,
  type ChunkStatus,
} from '@gradpool/core'

/**
 * What threads share of an execution: two int32 words, whether it is to stop and the step; then, as the second of two doubles,
 * the last finite loss.
 */
export const WORD = { STOP: 0, STEP: 1, LAST_LOSS: 1, WORDS: 4 } as const

export interface ReferenceTask {
  readonly program: BatchProgram
  readonly fields: Readonly<Record<string, Field>>
  readonly rows: Int32Array
  readonly seed: number
  readonly orderSeed: number
  readonly words: SharedArrayBuffer
  /** Values of all states by name, in shared memory. */
  readonly states: Readonly<Record<string, Float32Array>>
  /** Results of the last step, in shared memory, in the order of the Program. */
  readonly last: readonly Float32Array[]
  readonly steps: number
}

export interface ReferenceOutcome {
  readonly status: ChunkStatus
  /** Of each result, over the examples of the chunk. */
  readonly sums: readonly Float64Array[]
}

export function executeChunk(task: unknown): ReferenceOutcome {
  const steps = runSteps(task as ReferenceTask)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** The same, with a pause after each step. */
export function* runSteps(task: ReferenceTask): Generator<undefined, ReferenceOutcome> {
  const { program: batchProgram, seed, states, last } = task
  const { program: full, tail, batchSize, numExamples } = batchProgram
  const words = new Int32Array(task.words)
  const lastLoss = new Float64Array(task.words, 8 * WORD.LAST_LOSS, 1)
  const stepsPerEpoch = tail
    ? Math.ceil(numExamples / batchSize)
    : Math.floor(numExamples / batchSize)
  const sums = full.results.map(
    ({ node }) => new Float64Array(sizeOf(full.nodes[node]?.shape ?? [])),
  )
  for (let i = 0; i < task.steps; i++) {
    if (Atomics.load(words, WORD.STOP) !== 0) return { status: 'stopped', sums }
    const step = Atomics.load(words, WORD.STEP)
    const rows = rowsOf(task, Math.floor(step / stepsPerEpoch), step % stepsPerEpoch)
    const program = tail && rows.length < batchSize ? tail : full
    const { results, state } = evaluate(program, {
      state: states,
      batch: batchOf(task, rows),
      step,
      seed,
    })
    const loss = results.loss?.[0]
    if (loss !== undefined && !Number.isFinite(loss)) return { status: 'notFinite', sums }
    if (loss !== undefined) lastLoss[0] = loss
    for (const { name } of program.updates) states[name]?.set(state[name] ?? [])
    for (const [index, { name }] of program.results.entries()) {
      const told = Float32Array.from(results[name] ?? [])
      last[index]?.set(told)
      told.forEach((value, element) => {
        const sum = sums[index]
        if (sum) sum[element] = (sum[element] ?? 0) + value * rows.length
      })
    }
    Atomics.store(words, WORD.STEP, step + 1)
    yield
  }
  return { status: 'done', sums }
}

function rowsOf(
  { program, rows, orderSeed }: ReferenceTask,
  epoch: number,
  batch: number,
): Int32Array {
  const { batchSize, shuffle } = program
  const order = shuffle ? shuffled(rows, orderSeed, epoch) : rows
  return order.slice(batch * batchSize, (batch + 1) * batchSize)
}

function batchOf({ fields }: ReferenceTask, rows: Int32Array): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { values, shape }]) => {
      const size = sizeOf(shape)
      return [name, [...rows].flatMap((row) => [...values.slice(row * size, (row + 1) * size)])]
    }),
  )
}
