import { expect, it } from 'vitest'
import { readRun } from '../src/runs/read-run.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans, titles } from '../src/testing/run-plans.js'

it('may throw at every event: the run goes on, and one warning tells of it', async () => {
  const auto = stageOf('auto')
  const plans = [experimentOf('one', auto, stageOf('head', { initFrom: auto })), experimentOf('two', stageOf('other'))]
  let thrown = 0
  const { result, events, engine } = await runPlans(plans, {
    workers: 1,
    onEvent() {
      throw new Error(`no display ${++thrown}`)
    },
  })
  expect(result.experiments.map(({ status }) => status)).toEqual(['done', 'done'])
  expect(thrown).toBe(events.length)
  const warnings = events.filter(({ type }) => type === 'warning')
  expect(warnings).toEqual([{ type: 'warning', message: 'onEvent threw: no display 1' }])
  expect(titles(events).slice(0, 2)).toEqual(['stageStarted auto', 'warning'])
  expect(engine.open.size).toBe(0)
  const log = (await readRun(result.run)).events.map(({ time: _, ...event }) => event)
  expect(log).toEqual(events)
})
