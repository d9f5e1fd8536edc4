import { expect, it } from 'vitest'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'

it('fails the stage whose worker thread exits, and the others go on', async () => {
  const plans = [
    experimentOf('one', stageOf('dying', { seed: 1, epochs: 3 })),
    experimentOf('two', stageOf('living', { epochs: 10 })),
    experimentOf('three', stageOf('later', { cost: 0 })),
  ]
  const mishaps = { 1: { kind: 'exit', step: 8 } } as const
  const { result, engine } = await runPlans(plans, { mishaps, stepMs: 1 })
  expect(result.experiments).toMatchObject([
    {
      status: 'failed',
      error: 'dying: its worker thread died (worker exited with code: 7)',
      stages: [{ epochs: [{ epoch: 1 }] }],
    },
    { status: 'done' },
    { status: 'done' },
  ])
  expect(engine.open.size).toBe(0)
})

it('goes on with a new thread when its only one exits', async () => {
  const plans = [
    experimentOf('one', stageOf('dying', { seed: 1, cost: 2 })),
    experimentOf('two', stageOf('later')),
  ]
  const mishaps = { 1: { kind: 'exit', step: 0 } } as const
  const { result } = await runPlans(plans, { mishaps, workers: 1 })
  expect(result.experiments.map(({ status }) => status)).toEqual(['failed', 'done'])
})
