/** The step loop. */
import { shuffled } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { DTYPE, OP, PLAN_VERSION, RESULT, RUN } from '../../src/instructions.js'
import { KernelHost, addressOf } from '../../src/testing/kernel-host.js'

const host = new KernelHost()

describe('run', () => {
  const EXAMPLES = 23
  const BATCH = 5

  /** A run whose program sums the batch's one-column field into a result, over rows 100 .. 122 in some order. */
  function prepare(options: { order?: boolean; tail?: boolean; seed?: number } = {}) {
    host.reset()
    const field = host.floats(Array.from({ length: 200 }, (_, row) => row))
    const rows = host.ints(Array.from({ length: EXAMPLES }, (_, i) => 100 + i))
    const run = host.ints(new Array<number>(RUN.WORDS).fill(0))
    const indices = host.ints(BATCH)
    const stepInput = host.ints(1)
    const seedInput = host.ints(1)
    const batch = host.floats(BATCH)
    const loss = host.floats(1)
    const tailLoss = host.floats(1)
    const total = host.doubles(1)
    const last = host.floats(1)
    const result = host.ints(RESULT.WORDS)
    result.set([1, addressOf(loss), addressOf(tailLoss), addressOf(total), addressOf(last)])
    const program = (size: number, to: Float32Array): Int32Array =>
      host.ints([
        ...[OP.GATHER_BATCH, 8, addressOf(batch), addressOf(field), DTYPE.f32, DTYPE.f32, 1, size],
        ...[OP.SUM, 7, addressOf(to), addressOf(batch), 1, size, 1],
        ...[OP.GUARD, 3, addressOf(to)],
      ])
    const full = program(BATCH, loss)
    const tail = program(EXAMPLES % BATCH, tailLoss)
    const order = host.ints(EXAMPLES)
    const words: Partial<Record<keyof typeof RUN, number>> = {
      VERSION: PLAN_VERSION,
      SEED: options.seed ?? 0,
      ORDER_SEED: options.seed ?? 0,
      ROWS: addressOf(rows),
      ORDER: options.order ? addressOf(order) : 0,
      ORDER_EPOCH: -1,
      NUM_EXAMPLES: EXAMPLES,
      BATCH_SIZE: BATCH,
      INDICES: addressOf(indices),
      STEP_INPUT: addressOf(stepInput),
      SEED_INPUT: addressOf(seedInput),
      PROGRAM: addressOf(full),
      PROGRAM_WORDS: full.length,
      TAIL: options.tail ? addressOf(tail) : 0,
      TAIL_WORDS: tail.length,
      NUM_RESULTS: 1,
      RESULTS: addressOf(result),
    }
    for (const [name, value] of Object.entries(words)) run[RUN[name as keyof typeof RUN]] = value
    const lastLoss = new Float32Array(run.buffer, run.byteOffset + 4 * RUN.LAST_LOSS, 1)
    return { run, field, rows, order, indices, stepInput, seedInput, total, last, lastLoss }
  }
  const steps = (run: Int32Array, count: number): number =>
    host.exports.run(run.byteOffset, count, 0)
  const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  const rowNumbers = Array.from({ length: EXAMPLES }, (_, i) => 100 + i)

  it('visits rows as they stand, the shorter last batch included', () => {
    const { run, total, last, lastLoss, stepInput } = prepare({ tail: true })
    expect(steps(run, 5)).toBe(0)
    expect(run[RUN.STATUS]).toBe(0)
    expect(run[RUN.STEP]).toBe(5)
    expect(run[RUN.EXAMPLES]).toBe(EXAMPLES)
    expect(stepInput[0]).toBe(4)
    const batches = [0, 5, 10, 15, 20].map((start) => rowNumbers.slice(start, start + BATCH))
    expect(total[0]).toBe(sumOf(batches.map((batch) => sumOf(batch) * batch.length)))
    expect(last[0]).toBe(120 + 121 + 122)
    expect(lastLoss[0]).toBe(120 + 121 + 122)
    expect(steps(run, 1)).toBe(0)
    expect(run[RUN.EXAMPLES]).toBe(BATCH)
    expect(total[0]).toBe(BATCH * (100 + 101 + 102 + 103 + 104))
    run[RUN.CONTINUE] = 1
    steps(run, 1)
    expect(run[RUN.EXAMPLES]).toBe(2 * BATCH)
    expect(total[0]).toBe(BATCH * sumOf(rowNumbers.slice(0, 10)))
    expect(host.guardsHold()).toBe(true)
  })

  it('leaves the last rows out where there is no program for them', () => {
    const { run, total } = prepare()
    steps(run, 5)
    expect(total[0]).toBe(BATCH * (sumOf(rowNumbers.slice(0, 20)) + sumOf(rowNumbers.slice(0, 5))))
  })

  it('visits each epoch in an order of its own', () => {
    for (const seed of [0, 1, -7]) {
      const { run, order, indices, seedInput } = prepare({ order: true, tail: true, seed })
      for (let epoch = 0; epoch < 3; epoch++) {
        const expected = [...shuffled(Int32Array.from(rowNumbers), seed, epoch)]
        const visited: number[] = []
        for (let step = 0; step < 5; step++) {
          expect(steps(run, 1)).toBe(0)
          visited.push(...indices.subarray(0, step === 4 ? EXAMPLES % BATCH : BATCH))
        }
        expect([...order]).toEqual(expected)
        expect(visited).toEqual(expected)
        expect([...visited].sort((a, b) => a - b)).toEqual(rowNumbers)
        expect(seedInput[0]).toBe(seed)
      }
      run[RUN.STEP] = 7 // as when resumed: the order is that of the step's epoch
      steps(run, 1)
      expect([...order]).toEqual([...shuffled(Int32Array.from(rowNumbers), seed, 1)])
      expect(host.guardsHold()).toBe(true)
    }
  })

  it('stops before its next step', () => {
    const { run } = prepare()
    steps(run, 2)
    run[RUN.STOP] = 1
    expect(steps(run, 5)).toBe(1)
    expect(run[RUN.STATUS]).toBe(1)
    expect(run[RUN.STEP]).toBe(2)
  })

  it('ends at a result that is not finite, and does not count it', () => {
    const { run, field, lastLoss, total } = prepare()
    field[112] = NaN
    expect(steps(run, 5)).toBe(2)
    expect(run[RUN.STATUS]).toBe(2)
    expect(run[RUN.STEP]).toBe(2)
    expect(lastLoss[0]).toBe(105 + 106 + 107 + 108 + 109)
    expect(total[0]).toBe(BATCH * sumOf(rowNumbers.slice(0, 10)))
    expect(run[RUN.EXAMPLES]).toBe(2 * BATCH)
  })

  it('refuses another version, an unknown instruction, and an epoch without a step', () => {
    const { run } = prepare()
    run[RUN.VERSION] = 99
    expect(steps(run, 1)).toBe(3)
    run[RUN.VERSION] = PLAN_VERSION
    run[RUN.BATCH_SIZE] = EXAMPLES + 1
    expect(steps(run, 1)).toBe(3)
    expect(run[RUN.STATUS]).toBe(3)
    expect(host.execute(99, 0)).toBe(3)
  })
})
