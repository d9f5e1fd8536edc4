import { expect, it } from 'vitest'
import type { ExperimentPlan } from '@gradpool/experiments'
import { EventLog, type LoggedEvent } from '../src/runs/event-log.js'
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

type OnEpoch = NonNullable<ExperimentPlan['config']['onEpoch']>
const calling = (plan: ExperimentPlan, onEpoch: OnEpoch): ExperimentPlan => ({
  ...plan,
  config: { ...plan.config, onEpoch },
})

async function logOf(directory: string): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = []
  for await (const { events } of new EventLog(directory).added()) all.push(...events)
  return all
}

it('tells an experiment of its own epochs, what it logs is in the events, and a shared stage is told of once', async () => {
  const shared = stageOf('shared')
  const told: string[] = []
  const onEpoch: OnEpoch = ({ stage, seed, row, log }) => {
    told.push(`${stage} ${seed} ${row.epoch}`)
    log.file('note', `epoch ${row.epoch}`)
  }
  const plans = [
    calling(experimentOf('one', shared), onEpoch),
    calling(experimentOf('two', shared, stageOf('own', { initFrom: shared })), onEpoch),
    experimentOf('three', stageOf('other')),
  ]
  const { result } = await runPlans(plans)
  expect(told.toSorted()).toEqual(['own 0 1', 'own 0 2', 'shared 0 1', 'shared 0 2'])
  const logged = (await logOf(result.run)).flatMap((event) =>
    event.type === 'logged' && event.item.type === 'file'
      ? [`${event.stage.name} ${event.item.epoch} ${Buffer.from(event.item.contents).toString()}`]
      : [],
  )
  expect(logged.toSorted()).toEqual(['own 1 epoch 1', 'own 2 epoch 2', 'shared 1 epoch 1', 'shared 2 epoch 2'])
  // Files of any size are not kept in memory.
  expect((await readRun(result.run)).events.some(({ type }) => type === 'logged')).toBe(false)
})

it('warns once of an `onEpoch` that throws, now or later, and of what is too large to be logged', async () => {
  const plans = [
    calling(experimentOf('now', stageOf('a')), () => {
      throw new Error('no')
    }),
    calling(experimentOf('later', stageOf('b')), async () => {
      await Promise.resolve()
      throw new Error('not now')
    }),
    calling(experimentOf('large', stageOf('c')), ({ row, log }) => {
      if (row.epoch === 1) log.file('all', new Uint8Array(2 ** 26 + 1))
    }),
  ]
  const { result, events } = await runPlans(plans)
  expect(result.experiments.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
  expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])).toSorted()).toEqual([
    "'all' is not logged: it has more than 64 MiB",
    'onEpoch of later threw: not now',
    'onEpoch of now threw: no',
  ])
  expect(events.some(({ type }) => type === 'logged')).toBe(false)
})

it('tells what the machine was used for, while it trains', async () => {
  const { result, events } = await runPlans([experimentOf('one', stageOf('a', { epochs: 3 }))], { stepMs: 120 })
  const told = events.flatMap((event) => (event.type === 'usage' ? [event] : []))
  expect(told.length).toBeGreaterThan(0)
  for (const { overSeconds, cores, memoryBytes } of told) {
    expect(overSeconds).toBeGreaterThan(0.5)
    expect(cores).toBeGreaterThanOrEqual(0)
    expect(memoryBytes).toBeGreaterThan(2 ** 24)
  }
  expect((await readRun(result.run)).events.filter(({ type }) => type === 'usage')).toHaveLength(told.length)
})
