import { expect, it } from 'vitest'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans, titles } from '../src/testing/run-plans.js'

it('trains a stage of two experiments once, and both go on from it', async () => {
  const auto = stageOf('auto', { seed: 1, epochs: 1, stepsPerEpoch: 2 })
  const plans = [
    experimentOf('one', auto, stageOf('fineTuned', { seed: 2, initFrom: auto })),
    experimentOf('two', auto, stageOf('frozen', { seed: 3, initFrom: auto })),
  ]
  const { result, events, engine } = await runPlans(plans)

  expect(engine.trained.toSorted()).toEqual([1, 2, 3])
  // w: 0, then 2, then 1.5 · 2 + 2.
  expect([...engine.started].toSorted()).toEqual([
    [2, 5],
    [3, 5],
  ])
  expect(events[0]).toMatchObject({ stage: { hash: 'auto', experiments: ['one', 'two'] } })
  expect(titles(events).filter((title) => title === 'stageDone auto')).toHaveLength(1)
  expect(result.experiments.map(({ stages }) => stages.map(({ shared }) => shared))).toEqual([
    [true, false],
    [true, false],
  ])
  expect(result.experiments[0]?.stages[0]?.epochs).toEqual(result.experiments[1]?.stages[0]?.epochs)
})

it('frees all of the engine that it used', async () => {
  const auto = stageOf('auto')
  const plans = [experimentOf('one', auto, stageOf('classify', { initFrom: auto }))]
  const { engine } = await runPlans(plans)
  expect(engine.open.size).toBe(0)
})
