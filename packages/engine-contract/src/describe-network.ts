/**
 * A network in training: the reference followed, odd batches and the shorter last one included, and the same bits for
 * any number of workers.
 */
import { adam, type Model } from '@gradpool/core'
import {
  evaluate,
  initialState,
  shuffled,
  train,
  type BatchProgram,
  type Engine,
  type Split,
} from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { bitsOf, expectClose } from './compare.js'
import { rowsOf } from './network.js'
import { MOST_THREADS, type Threads } from './threads.js'

const TIMEOUT_MS = 60_000

export interface ExampleNetwork {
  readonly name: string
  readonly network: Model
  /** Of 17 examples. */
  readonly data: Split
}

/** Batches, and into how many micro-batches each is cut; the most uneven first. */
const CUTS = [
  [7, 3],
  [7, 1],
  [2, 2],
] as const

interface Reference {
  readonly losses: readonly number[]
  readonly state: Readonly<Record<string, ArrayLike<number>>>
}

/** By network and batch: it takes longer than an engine does, and is one for all engines of a file. */
const references = new Map<string, Reference>()

/** What the reference evaluator comes to in some steps, with a seed of 4. */
function follow({ program, tail = program, batchSize }: BatchProgram, data: Split, steps: number): Reference {
  const stepsPerEpoch = Math.ceil(data.rows.length / batchSize)
  const losses: number[] = []
  let state: Reference['state'] = initialState(program, 4)
  for (let step = 0; step < steps; step++) {
    const start = (step % stepsPerEpoch) * batchSize
    const rows = shuffled(data.rows, 4, Math.floor(step / stepsPerEpoch)).slice(start, start + batchSize)
    const fields = Object.entries(data.fields).map(([field, values]) => [field, rowsOf(values, rows)] as const)
    const batch: Readonly<Record<string, number[]>> = Object.fromEntries(fields)
    const done = evaluate(rows.length === batchSize ? program : tail, { state, batch, step, seed: 4 })
    losses.push(done.results.loss?.[0] ?? NaN)
    state = done.state
  }
  return { losses, state }
}

/** @param numCuts how many of the ways to cut a batch several workers are tried with: 0 where they share no steps */
export function describeNetwork(
  engineOf: () => Engine,
  threadsOf: () => Threads,
  numCuts: number,
  { name, network, data }: ExampleNetwork,
): void {
  const programOf = (batchSize: number, microBatches = 1) =>
    train(network, { optimizer: adam({ learningRate: 0.01 }), batchSize, microBatches, data })

  describe(name, { timeout: TIMEOUT_MS }, () => {
    // 7, 7 and 3; one by one; all.
    test.each([7, 1, 17])('follows the reference evaluator, in batches of %i', async (batchSize) => {
      const training = programOf(batchSize)
      const fit = await engineOf().compile(training, { data, seed: 4 })
      const key = `${name}, ${batchSize}`
      const { losses, state } = references.get(key) ?? follow(training, data, 3)
      references.set(key, { losses, state })
      for (const loss of losses) expect((await fit.run({ steps: 1 })).lastLoss).toBeCloseTo(loss, 5)
      for (const [name, values] of Object.entries(fit.read())) {
        expectClose(values, state[name] ?? [], 1e-4, () => name)
      }
      fit.dispose()
    })

    if (numCuts === 0) return
    describe('on several workers', () => {
      test.each(CUTS.slice(0, numCuts))(
        'has the same bits, in batches of %i cut into %i',
        async (batchSize, microBatches) => {
          const training = programOf(batchSize, microBatches)
          const compile = (workers: number) => engineOf().compile(training, { data, seed: 4, workers })
          const [alone, together] = [await compile(1), await compile(MOST_THREADS)]
          for (const [steps, workers] of [
            [4, 2],
            [5, 3],
            [2, 1],
          ] as const) {
            const chunk = await threadsOf().run(together, steps, Math.min(workers, together.workers))
            const wanted = await alone.run({ steps })
            expect(chunk).toEqual(wanted)
            expect(chunk.status).toBe('done')
            expect(bitsOf(together.read())).toEqual(bitsOf(alone.read()))
          }
          for (const each of [alone, together]) each.dispose()
        },
      )
    })
  })
}
