import { expect, it } from 'vitest'
import { readRun } from '../src/runs/read-run.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans, titles } from '../src/testing/run-plans.js'

it('stops running stages within a step, starts no others, and keeps what was done', async () => {
  const quick = stageOf('quick', { epochs: 1, work: 9 })
  const plans = [
    experimentOf('one', quick),
    experimentOf('two', stageOf('long', { epochs: 2, stepsPerEpoch: 1_000_000, work: 8 })),
    experimentOf('three', stageOf('never')),
  ]
  const abort = new AbortController()
  const { result, events, engine } = await runPlans(plans, {
    workers: 1,
    stepMs: 1,
    signal: abort.signal,
    onEvent(event) {
      if (event.type === 'stageStarted' && event.stage.name === 'long') {
        setTimeout(() => abort.abort(), 20)
      }
    },
  })
  expect(result.experiments).toMatchObject([
    { name: 'one', status: 'done', accuracy: 0.5 },
    { name: 'two', status: 'interrupted', accuracy: null, weightsHash: null },
    { name: 'three', status: 'interrupted', stages: [{ epochs: [] }] },
  ])
  expect(titles(events)).not.toContain('stageStarted never')
  expect(titles(events).filter((title) => title.startsWith('experimentDone'))).toHaveLength(3)
  expect(engine.open.size).toBe(0)
  expect((await readRun(result.run)).result).toEqual(result)
})

it('starts nothing when it is aborted from the first', async () => {
  const plans = [experimentOf('one', stageOf('auto'))]
  const { result, events } = await runPlans(plans, { signal: AbortSignal.abort() })
  expect(result.experiments).toMatchObject([{ status: 'interrupted' }])
  expect(titles(events)).toEqual(['experimentDone one'])
})
