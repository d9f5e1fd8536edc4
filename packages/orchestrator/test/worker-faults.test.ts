/**
 * What a worker thread can do wrong, at steps of all kinds: nothing waits, tries are few, and the bits stay the same.
 */
import { describe, expect, it } from 'vitest'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'

const isLong = process.env.GRADPOOL_LONG_TESTS === '1'
const numFaults = isLong ? 50 : 3
const timeout = isLong ? 600_000 : 60_000

const plans = [
  experimentOf('one', stageOf('faulty', { seed: 1, epochs: 4 })),
  experimentOf('two', stageOf('other', { seed: 2, epochs: 4 })),
]
const numSteps = 20

describe.each(['exit', 'late', 'memory', 'loop', 'hang'] as const)('a thread that does: %s', (kind) => {
  it(
    `goes on with the same bits, ${numFaults} times`,
    async () => {
      const wanted = (await runPlans(plans)).result.experiments.map(({ weightsHash }) => weightsHash)
      for (let fault = 0; fault < numFaults; fault++) {
        const step = (fault * 7) % numSteps
        const mishaps = { 1: { kind, step, times: 1 } } as const
        const { result, engine } = await runPlans(plans, { mishaps, stallSeconds: 0.8 })
        expect(result.experiments.map(({ weightsHash }) => weightsHash)).toEqual(wanted)
        expect(engine.trained.length).toBeLessThanOrEqual(4)
      }
    },
    timeout,
  )
})

it(
  `an engine that throws fails its stage with a sentence, ${numFaults} times, and no other`,
  async () => {
    for (let fault = 0; fault < numFaults; fault++) {
      const mishaps = { 1: { kind: 'throw', step: (fault * 7) % numSteps } } as const
      const { result } = await runPlans(plans, { mishaps })
      expect(result.experiments).toMatchObject([
        { status: 'failed', error: 'faulty: unexpected error: a fault of the engine' },
        { status: 'done' },
      ])
    }
  },
  timeout,
)
