import { expect, it } from 'vitest'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans, titles } from '../src/testing/run-plans.js'

it('begins with the stage that has the longest path ahead', async () => {
  const short = stageOf('short', { work: 5 })
  const auto = stageOf('auto', { work: 3 })
  const long = stageOf('long', { work: 4, initFrom: auto })
  const plans = [experimentOf('one', short), experimentOf('two', auto, long)]
  const { events } = await runPlans(plans, { workers: 1 })
  expect(titles(events)).toEqual([
    'stageStarted auto',
    'stageDone auto',
    'stageStarted short',
    'stageDone short',
    'experimentDone one',
    'stageStarted long',
    'stageDone long',
    'experimentDone two',
  ])
})

it('runs no more stages at one time than there are workers', async () => {
  const plans = Array.from({ length: 6 }, (_, i) => experimentOf(`e${i}`, stageOf(`s${i}`)))
  const { events } = await runPlans(plans, { workers: 2, stepMs: 1 })
  let running = 0
  let most = 0
  for (const { type } of events) {
    if (type === 'stageStarted') most = Math.max(most, ++running)
    if (type === 'stageDone') running--
  }
  expect(most).toBe(2)
})

it('gives results in the order asked for, whatever ends first', async () => {
  const plans = [
    experimentOf('slow', stageOf('slow', { epochs: 20 })),
    experimentOf('quick', stageOf('quick', { epochs: 1, work: 9 })),
  ]
  const { result } = await runPlans(plans, { stepMs: 1 })
  expect(result.experiments.map(({ name }) => name)).toEqual(['slow', 'quick'])
})

it('comes to the same weights on 1, 2 and 4 workers', async () => {
  const plans = Array.from({ length: 4 }, (_, seed) =>
    experimentOf(`e${seed}`, stageOf(`s${seed}`, { seed, stepsPerEpoch: 7 })),
  )
  const weights = []
  for (const workers of [1, 2, 4]) {
    const { result } = await runPlans(plans, { workers })
    weights.push(result.experiments.map((experiment) => experiment.weightsHash))
  }
  expect(new Set(weights[0]).size).toBe(4)
  expect(weights[1]).toEqual(weights[0])
  expect(weights[2]).toEqual(weights[0])
})
