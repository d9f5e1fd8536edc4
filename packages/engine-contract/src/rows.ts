/**
 * Results by rows: every example's value, in the order of the visits, beside results that are
 * averaged.
 */
import { add, mean, mul, reshape, slice, sub, sum, UserError } from '@gradpool/core'
import {
  shuffled,
  traceProgram,
  withMicroBatches,
  type BatchProgram,
  type Engine,
  type Execution,
  type Program,
} from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { bitsOf, splitOf } from './compare.js'
import { f32 } from './programs.js'
import type { Threads } from './threads.js'

const NUM_EXAMPLES = 23
const BATCH_SIZE = 5
const STEPS_PER_EPOCH = 5
const SEED = 6
const TIMEOUT_MS = 60_000
const x = f32([3], NUM_EXAMPLES, 4)
const data = splitOf({ x }, NUM_EXAMPLES)

/** Two results by rows, one per example and one of three numbers, around one that is averaged. */
function predictions(batch: number): Program {
  return traceProgram((trace) => {
    const images = trace.batch('x', 'f32', [batch, 3])
    trace.result('double', mul(images, 2), { rows: true })
    trace.result('mean', mean(images))
    trace.result('first', reshape(slice(images, [0, 0], [batch, 1]), [batch]), { rows: true })
  })
}

/** A weight that grows by the batch's mean, told beside the rows that it was added to. */
function training(batch: number): Program {
  return traceProgram((trace) => {
    const images = trace.batch('x', 'f32', [batch, 3])
    const weight = trace.state('weight', [], { kind: 'constant', value: 0.5 })
    const loss = mul(sum(images, [0, 1]), 1 / batch)
    trace.result('loss', loss)
    trace.result('moved', add(images, weight), { rows: true })
    trace.update('weight', sub(weight, mul(loss, 0.1)))
  })
}

function batches(build: (batch: number) => Program, shuffle: boolean): BatchProgram {
  const tail = build(NUM_EXAMPLES % BATCH_SIZE)
  const program = build(BATCH_SIZE)
  return { program, tail, batchSize: BATCH_SIZE, numExamples: NUM_EXAMPLES, shuffle, metrics: [] }
}

/** The rows of steps in the order of the visits. */
function visited(from: number, to: number, shuffle: boolean): number[] {
  const rows: number[] = []
  for (let step = from; step < to; step++) {
    const epoch = Math.floor(step / STEPS_PER_EPOCH)
    const batch = step % STEPS_PER_EPOCH
    const order = shuffle ? shuffled(data.rows, SEED, epoch) : data.rows
    rows.push(...order.slice(batch * BATCH_SIZE, (batch + 1) * BATCH_SIZE))
  }
  return rows.slice(-NUM_EXAMPLES)
}

function doubled(rows: readonly number[]): number[] {
  return rows.flatMap((row) => [...x.values.slice(3 * row, 3 * row + 3)].map((value) => 2 * value))
}

export function describeRows(engineOf: () => Engine, threadsOf: () => Threads, sharesSteps: boolean): void {
  describe('results by rows', () => {
    const compile = (program: BatchProgram, workers = 1): Promise<Execution> =>
      engineOf().compile(program, { data, seed: SEED, workers })

    test('of a whole pass are those of all examples, of a shorter last batch too', async () => {
      const execution = await compile(batches(predictions, false))
      for (let pass = 0; pass < 2; pass++) {
        const { means, rows } = await execution.run({ steps: STEPS_PER_EPOCH })
        expect([...(rows.double ?? [])]).toEqual(doubled([...data.rows]))
        expect([...(rows.first ?? [])]).toEqual([...data.rows].map((row) => x.values[3 * row]))
        expect(Object.keys(rows).sort()).toEqual(['double', 'first'])
        const total = [...x.values].reduce((a, b) => a + b, 0)
        expect(Object.keys(means)).toEqual(['mean'])
        expect(means.mean?.[0]).toBeCloseTo(total / x.values.length, 6)
      }
      expect(Object.keys(execution.progress().results)).toEqual(['mean'])
      execution.dispose()
    })

    test.each([false, true])(
      'are in the order of the visits, wherever a chunk begins and ends (shuffled: %s)',
      async (shuffle) => {
        const execution = await compile(batches(predictions, shuffle))
        for (const steps of [1, 3, 2, 4, 7, 5, 1, 13]) {
          const from = execution.step
          const { rows } = await execution.run({ steps })
          expect([...(rows.double ?? [])]).toEqual(doubled(visited(from, from + steps, shuffle)))
        }
        execution.dispose()
      },
    )

    test('are of full batches only where there is no Program for the last', async () => {
      const program = predictions(BATCH_SIZE)
      const sizes = { batchSize: BATCH_SIZE, numExamples: NUM_EXAMPLES }
      const execution = await compile({ program, ...sizes, shuffle: false, metrics: [] })
      const { rows } = await execution.run({ steps: 6 })
      const numbers = Array.from({ length: 20 }, (_, i) => (i + 10) % 20)
      expect([...(rows.double ?? [])]).toEqual(doubled(numbers))
      execution.dispose()
    })

    test.each([0, 2, 4, 5, 8])('are resumed elsewhere after %d steps', async (left) => {
      const program = batches(training, true)
      const whole = await compile(program)
      await whole.run({ steps: 2 })
      const wanted = await whole.run({ steps: 8 })

      const first = await compile(program)
      for (const steps of [Math.min(left, 2), Math.max(0, left - 2)]) await first.run({ steps })
      const [position, state] = [first.position(), first.read()]
      first.dispose()
      const second = await engineOf().compile(program, { data, seed: SEED, state })
      second.seek(position)
      expect(second.position()).toEqual(position)
      if (left < 2) await second.run({ steps: 2 - left })
      const [task] = second.begin(10 - second.step, { continues: left > 2 })
      expect(second.finish(await threadsOf().execute([task]))).toEqual(wanted)
      for (const execution of [whole, second]) execution.dispose()
    })

    test(
      'and means are of each of several chunks that follow one another on a thread',
      async () => {
        const program = batches(training, true)
        const [apart, following] = [await compile(program), await compile(program)]
        const wanted = []
        for (let i = 0; i < 3; i++) wanted.push({ ...(await apart.run({ steps: 5 })), state: apart.read() })
        const [task] = following.begin(5, { times: 3 })
        const { memory } = following
        const ends = []
        for (let i = 0; i < 3; i++) {
          const outcomes = await threadsOf().execute([task])
          const state = Object.entries(memory.states).map(([name, values]) => [name, values.slice()] as const)
          const [sums, rows] = [memory.sums.map((each) => each.slice()), memory.rows.map((each) => each.slice())]
          const copy = { sums, rows, lastLoss: memory.lastLoss[0] ?? NaN }
          ends.push({ outcomes, state, copy })
          if (i < 2) for (const each of memory.sums) each.fill(0)
        }
        const made = ends.map(({ outcomes, state, copy }, i) => {
          const result = following.finish(outcomes, i < 2 ? copy : undefined)
          return { ...result, state: Object.fromEntries(state) }
        })
        expect(made).toEqual(wanted)
        expect(following.position()).toEqual(apart.position())
        for (const execution of [apart, following]) execution.dispose()
      },
      TIMEOUT_MS,
    )

    test('are part of a position, with as many as there were examples', async () => {
      const execution = await compile(batches(predictions, false))
      await execution.run({ steps: 2 })
      const position = execution.position()
      expect(position.rows.first).toHaveLength(2 * BATCH_SIZE)
      const { double = new Float32Array(), first = new Float32Array() } = position.rows
      for (const rows of [{}, { double }, { double, first: first.slice(1) }, { double, first, other: first }]) {
        expect(() => execution.seek({ ...position, rows })).toThrow(UserError)
      }
      execution.seek({ ...position, step: 7, since: 7 })
      const { rows } = await execution.run({ steps: 1 })
      expect([...(rows.double ?? [])]).toEqual(doubled(visited(7, 8, false)))
      execution.dispose()
    })

    test('go on for ever where nothing is trained', async () => {
      const last = 2 ** 31 - 3
      const execution = await compile(batches(predictions, false))
      execution.seek({ ...execution.position(), step: last, since: last })
      const { rows, steps } = await execution.run({ steps: STEPS_PER_EPOCH })
      expect(steps).toBe(STEPS_PER_EPOCH)
      const first = last % STEPS_PER_EPOCH
      expect([...(rows.double ?? [])]).toEqual(doubled(visited(first, first + steps, false)))
      execution.dispose()
    })
  })

  if (!sharesSteps) return
  describe('results by rows of steps that workers share', { timeout: TIMEOUT_MS }, () => {
    test('are bit-identical on 1 and 2 workers', async () => {
      const cut = (batch: number) => withMicroBatches(training(batch), 2)
      const program = { ...batches(cut, true), microBatches: 2 }
      const options = { data, seed: SEED, workers: 2 }
      const [alone, shared] = [await engineOf().compile(program, options), await engineOf().compile(program, options)]
      for (const steps of [3, 5, 9]) {
        const wanted = await alone.run({ steps })
        const found = await threadsOf().run(shared, steps, 2)
        expect(found).toEqual(wanted)
        expect(bitsOf(found.rows)).toEqual(bitsOf(wanted.rows))
        expect(found.rows.moved).toHaveLength(3 * Math.min(NUM_EXAMPLES, visited(0, steps, true).length))
      }
      for (const execution of [alone, shared]) execution.dispose()
    })
  })
}
