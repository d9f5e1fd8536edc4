/** The step loop. */
import { shuffled } from '@gradpool/core/engine'
import { describe, expect, it } from 'vitest'
import { DTYPE, OP, PLAN_VERSION, RESULT, EXEC } from '../../src/instructions.js'
import { KernelHost, addressOf } from '../../src/testing/kernel-host.js'

const host = new KernelHost()

describe('run', () => {
  const EXAMPLES = 23
  const BATCH = 5

  /**
   * An execution whose program sums the batch's one-column field into a result, and tells its rows
   * as another, over rows 100 .. 122 in some order.
   */
  function prepare(options: { order?: boolean; tail?: boolean; seed?: number } = {}) {
    host.reset()
    const field = host.floats(Array.from({ length: 200 }, (_, row) => row))
    const rows = host.ints(Array.from({ length: EXAMPLES }, (_, i) => 100 + i))
    const exec = host.ints(new Array<number>(EXEC.WORDS).fill(0))
    const indices = host.ints(BATCH)
    const stepInput = host.ints(1)
    const seedInput = host.ints(1)
    const batch = host.floats(BATCH)
    const loss = host.floats(1)
    const tailLoss = host.floats(1)
    const total = host.doubles(1).fill(0)
    const last = host.floats(1)
    const collected = host.floats(new Array<number>(EXAMPLES).fill(0))
    const results = host.ints(2 * RESULT.WORDS)
    results.set([1, addressOf(loss), addressOf(tailLoss), addressOf(total), addressOf(last), 0])
    const [value, to] = [addressOf(batch), addressOf(collected)]
    results.set([1, value, value, 0, 0, to], RESULT.WORDS)
    const program = (size: number, to: Float32Array): Int32Array =>
      host.ints([
        ...[OP.GATHER_BATCH, 8, addressOf(batch), addressOf(field), DTYPE.f32, DTYPE.f32, 1, size],
        ...[OP.SUM, 7, addressOf(to), addressOf(batch), 1, size, 1],
        ...[OP.GUARD, 3, addressOf(to)],
      ])
    const full = program(BATCH, loss)
    const tail = program(EXAMPLES % BATCH, tailLoss)
    const order = host.ints(EXAMPLES)
    const words: Partial<Record<keyof typeof EXEC, number>> = {
      VERSION: PLAN_VERSION,
      SEED: options.seed ?? 0,
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
      NUM_RESULTS: 2,
      RESULTS: addressOf(results),
    }
    for (const [name, value] of Object.entries(words)) exec[EXEC[name as keyof typeof EXEC]] = value
    const lastLoss = new Float32Array(exec.buffer, exec.byteOffset + 4 * EXEC.LAST_LOSS, 1)
    return {
      exec,
      field,
      rows,
      order,
      indices,
      stepInput,
      seedInput,
      total,
      last,
      lastLoss,
      collected,
    }
  }
  const steps = (exec: Int32Array, count: number): number => host.exports.run(exec.byteOffset, count, 0)
  const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  const rowNumbers = Array.from({ length: EXAMPLES }, (_, i) => 100 + i)

  it('visits rows as they stand, the shorter last batch included', () => {
    const { exec, total, last, lastLoss, stepInput } = prepare({ tail: true })
    expect(steps(exec, 5)).toBe(0)
    expect(exec[EXEC.STATUS]).toBe(0)
    expect(exec[EXEC.STEP]).toBe(5)
    expect(stepInput[0]).toBe(4)
    const batches = [0, 5, 10, 15, 20].map((start) => rowNumbers.slice(start, start + BATCH))
    expect(total[0]).toBe(sumOf(batches.map((batch) => sumOf(batch) * batch.length)))
    expect(last[0]).toBe(120 + 121 + 122)
    expect(lastLoss[0]).toBe(120 + 121 + 122)
    total[0] = 0
    expect(steps(exec, 1)).toBe(0)
    expect(total[0]).toBe(BATCH * (100 + 101 + 102 + 103 + 104))
    steps(exec, 1)
    expect(total[0]).toBe(BATCH * sumOf(rowNumbers.slice(0, 10)))
    expect(host.guardsHold()).toBe(true)
  })

  it('collects rows in their places in the order of the pass', () => {
    const { exec, order, collected } = prepare({ order: true, tail: true })
    steps(exec, 2)
    const first = [...order]
    expect([...collected]).toEqual([...first.slice(0, 10), ...new Array<number>(13).fill(0)])
    steps(exec, 3)
    expect([...collected]).toEqual(first)
    steps(exec, 1)
    expect([...collected]).toEqual([...order.slice(0, 5), ...first.slice(5)])
    expect(host.guardsHold()).toBe(true)
  })

  it('leaves the last rows out where there is no program for them', () => {
    const { exec, total } = prepare()
    steps(exec, 5)
    expect(total[0]).toBe(BATCH * (sumOf(rowNumbers.slice(0, 20)) + sumOf(rowNumbers.slice(0, 5))))
  })

  it('visits each epoch in an order of its own', () => {
    for (const seed of [0, 1, -7]) {
      const { exec, order, indices, seedInput } = prepare({ order: true, tail: true, seed })
      for (let epoch = 0; epoch < 3; epoch++) {
        const expected = [...shuffled(Int32Array.from(rowNumbers), seed, epoch)]
        const visited: number[] = []
        for (let step = 0; step < 5; step++) {
          expect(steps(exec, 1)).toBe(0)
          visited.push(...indices.subarray(0, step === 4 ? EXAMPLES % BATCH : BATCH))
        }
        expect([...order]).toEqual(expected)
        expect(visited).toEqual(expected)
        expect([...visited].sort((a, b) => a - b)).toEqual(rowNumbers)
        expect(seedInput[0]).toBe(seed)
      }
      exec[EXEC.STEP] = 7 // as when resumed: the order is that of the step's epoch
      steps(exec, 1)
      expect([...order]).toEqual([...shuffled(Int32Array.from(rowNumbers), seed, 1)])
      expect(host.guardsHold()).toBe(true)
    }
  })

  it('stops before its next step', () => {
    const { exec } = prepare()
    steps(exec, 2)
    exec[EXEC.STOP] = 1
    expect(steps(exec, 5)).toBe(1)
    expect(exec[EXEC.STATUS]).toBe(1)
    expect(exec[EXEC.STEP]).toBe(2)
  })

  it('ends at a result that is not finite, and does not count it', () => {
    const { exec, field, lastLoss, total } = prepare()
    field[112] = NaN
    expect(steps(exec, 5)).toBe(2)
    expect(exec[EXEC.STATUS]).toBe(2)
    expect(exec[EXEC.STEP]).toBe(2)
    expect(lastLoss[0]).toBe(105 + 106 + 107 + 108 + 109)
    expect(total[0]).toBe(BATCH * sumOf(rowNumbers.slice(0, 10)))
  })

  it('refuses another version, an unknown instruction, and an epoch without a step', () => {
    const { exec } = prepare()
    exec[EXEC.VERSION] = 99
    expect(steps(exec, 1)).toBe(3)
    exec[EXEC.VERSION] = PLAN_VERSION
    exec[EXEC.BATCH_SIZE] = EXAMPLES + 1
    expect(steps(exec, 1)).toBe(3)
    expect(exec[EXEC.STATUS]).toBe(3)
    expect(host.execute(99, 0)).toBe(3)
  })
})
