import { expect, it } from 'vitest'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans, titles } from '../src/testing/run-plans.js'

const mishaps = { 1: { kind: 'throw', step: 6 } } as const

it('fails the experiments that need it, and no other', async () => {
  const auto = stageOf('auto', { seed: 1 })
  const plans = [
    experimentOf('one', auto, stageOf('head', { initFrom: auto })),
    experimentOf('two', auto, stageOf('other', { initFrom: auto })),
    experimentOf('three', stageOf('alone', { epochs: 4 })),
  ]
  const { result, events, engine } = await runPlans(plans, { mishaps })

  const error = 'auto: unexpected error: a fault of the engine'
  const failed = { status: 'failed', error, accuracy: null, weightsHash: null }
  expect(result.experiments).toMatchObject([
    { name: 'one', ...failed },
    { name: 'two', ...failed },
    { name: 'three', status: 'done', accuracy: 0.5 },
  ])
  expect(titles(events)).not.toContain('stageStarted head')
  expect(events.find(({ type }) => type === 'stageFailed')).toMatchObject({ error })
  expect(engine.open.size).toBe(0)
})

it('keeps the epochs before', async () => {
  const plans = [experimentOf('one', stageOf('auto', { seed: 1, epochs: 3 }))]
  const { result } = await runPlans(plans, { mishaps })
  expect(result.experiments[0]?.stages[0]?.epochs.map(({ epoch }) => epoch)).toEqual([1])
})

it('is told of in the end with the stages that do not need it', async () => {
  const failing = stageOf('auto', { seed: 1 })
  const plans = [experimentOf('one', failing, stageOf('head', { initFrom: failing }), stageOf('alone', { epochs: 20 }))]
  const { result, events } = await runPlans(plans, { mishaps, stepMs: 1 })
  const [experiment] = result.experiments
  expect(experiment).toMatchObject({ status: 'failed', weightsHash: null })
  expect(experiment?.stages.map(({ epochs }) => epochs.length)).toEqual([1, 0, 20])
  expect(titles(events).slice(-2)).toEqual(['stageDone alone', 'experimentDone one'])
})

it('ends an experiment at once when all that is left needs it, however far down', async () => {
  const failing = stageOf('auto', { seed: 1, work: 9 })
  const middle = stageOf('middle', { initFrom: failing })
  const plans = [
    experimentOf('one', failing, middle, stageOf('last', { initFrom: middle })),
    experimentOf('two', stageOf('other')),
  ]
  const { events } = await runPlans(plans, { mishaps, workers: 1 })
  expect(titles(events).slice(1, 4)).toEqual(['stageFailed auto', 'experimentDone one', 'stageStarted other'])
})
