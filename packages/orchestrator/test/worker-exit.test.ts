import { expect, it } from 'vitest'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'

it('fails the stage whose worker thread exits, and the others go on', async () => {
  const plans = [
    experimentOf('one', stageOf('dying', { seed: 1, epochs: 3 })),
    experimentOf('two', stageOf('living', { epochs: 10 })),
    experimentOf('three', stageOf('later', { work: 0 })),
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
  const plans = [experimentOf('one', stageOf('dying', { seed: 1, work: 2 })), experimentOf('two', stageOf('later'))]
  const mishaps = { 1: { kind: 'exit', step: 0 } } as const
  const { result } = await runPlans(plans, { mishaps, workers: 1 })
  expect(result.experiments.map(({ status }) => status)).toEqual(['failed', 'done'])
})

it('goes on from the last checkpoint when its thread exits once', async () => {
  const plans = [experimentOf('one', stageOf('dying', { seed: 1, epochs: 4 }))]
  const undisturbed = await runPlans(plans)
  const once = { 1: { kind: 'exit', step: 12, times: 1 } } as const
  // Epochs that take long enough for a checkpoint at their ends.
  const { result, events, engine } = await runPlans(plans, { mishaps: once, stepMs: 30 })
  expect(result.experiments[0]?.weightsHash).toBe(undisturbed.result.experiments[0]?.weightsHash)
  expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual([
    'dying: its worker thread died (worker exited with code: 7); it is resumed from the last checkpoint',
  ])
  const started = events.filter((event) => event.type === 'stageStarted')
  expect(started.map(({ fromStep }) => fromStep > 0)).toEqual([false, true])
  expect(engine.open.size).toBe(0)
})

it.each(['hang', 'loop'] as const)('ends a thread that makes no step: %s', async (kind) => {
  const plans = [experimentOf('one', stageOf('stuck', { seed: 1, epochs: 4 }))]
  const undisturbed = await runPlans(plans)
  const once = { 1: { kind, step: 12, times: 1 } } as const
  const { result } = await runPlans(plans, { mishaps: once, stallSeconds: 0.4 })
  expect(result.experiments[0]?.weightsHash).toBe(undisturbed.result.experiments[0]?.weightsHash)
  const always = { 1: { kind, step: 12 } } as const
  const failed = await runPlans(plans, { mishaps: always, stallSeconds: 0.2 })
  expect(failed.result.experiments).toMatchObject([
    { error: 'stuck: its thread made no step for 0.2 seconds and was ended' },
  ])
})
