import type { RunRecord } from '@gradpool/orchestrator'
import { expect, it } from 'vitest'
import { record as ofOneStage, timeAt as at } from '../testing/made-record.js'
import { panelsOf } from './curves.js'
import { newRunView, withEvent, type RunView, type TimedEvent } from './run-view.js'
import { tableOf } from './table.js'

const record: RunRecord = {
  ...ofOneStage,
  experiments: [
    { name: 'one', seed: 0, hash: 'a0' },
    { name: 'one', seed: 1, hash: 'a1' },
    { name: 'two', seed: 0, hash: 'a0' },
  ].map(({ name, seed, hash }) => ({
    name,
    seed,
    config: { condition: `of ${name}`, reported: name === 'one' ? 0.5 : null },
    data: { name: 'made', hash: 'd' },
    stages: [{ name: 'classify', hash }],
  })),
}

const ref = (hash: string, seed: number, experiments: readonly string[]) => ({
  hash,
  name: 'classify',
  seed,
  experiments,
})
const first = ref('a0', 0, ['one', 'two'])
const second = ref('a1', 1, ['one'])

function started(seconds: number, stage = first, fromStep = 0): TimedEvent {
  const examples = { train: 10, validation: 5, test: 5 }
  return { type: 'stageStarted', time: at(seconds), stage, epochs: 3, stepsPerEpoch: 1, fromStep, examples }
}

function epoch(seconds: number, number: number, accuracy: number, stage = first): TimedEvent {
  const row = { epoch: number, seconds: 1, loss: 1 - accuracy, accuracy, validation: { loss: 1, accuracy } }
  return { type: 'epoch', time: at(seconds), stage, row, elapsedSeconds: number }
}

const viewOf = (...events: readonly TimedEvent[]): RunView => events.reduce(withEvent, newRunView('run', record))

it('knows what waits before anything has happened', () => {
  const view = viewOf()
  expect(Object.values(view.stages).map(({ hash, status, experiments }) => [hash, status, experiments])).toEqual([
    ['a0', 'waiting', ['one', 'two']],
    ['a1', 'waiting', ['one']],
  ])
  expect(view.experiments.map(({ name, condition, reported, status }) => [name, condition, reported, status])).toEqual([
    ['one', 'of one', 0.5, 'running'],
    ['one', 'of one', 0.5, 'running'],
    ['two', 'of two', null, 'running'],
  ])
})

it('tells when a stage trained on how many threads', () => {
  const { stages, seconds } = viewOf(
    started(1),
    { type: 'threads', time: at(1), stage: first, threads: 2 },
    epoch(2, 1, 0.1),
    { type: 'threads', time: at(4), stage: first, threads: 1 },
    { type: 'stageDone', time: at(6), stage: first, seconds: 5, test: null, samples: [] },
  )
  expect(stages.a0?.spans).toEqual([
    { from: 1, to: 4, threads: 2 },
    { from: 4, to: 6, threads: 1 },
  ])
  expect([stages.a0?.status, stages.a0?.seconds, seconds]).toEqual(['done', 5, 6])
})

it('takes epochs that come again after a cut in the place of those before', () => {
  const { stages } = viewOf(
    started(1),
    epoch(2, 1, 0.1),
    epoch(3, 2, 0.2),
    { type: 'resumed', time: at(100) },
    started(101, first, 1),
    epoch(102, 2, 0.25),
    epoch(103, 3, 0.3),
  )
  expect(stages.a0?.rows.map((row) => [row.epoch, row.accuracy])).toEqual([
    [1, 0.1],
    [2, 0.25],
    [3, 0.3],
  ])
  // Nothing trained while the run was down.
  expect(stages.a0?.spans.at(-1)).toEqual({ from: 101, to: null, threads: 1 })
  expect(stages.a0?.spans.every(({ from, to }) => from >= 101 || (to ?? 0) <= 3)).toBe(true)
})

it('has the epochs of a stage that an earlier run trained from the result', () => {
  const result = {
    name: 'one',
    seed: 0,
    condition: '',
    status: 'done',
    test: { loss: 1, accuracy: 0.75 },
    accuracy: 0.75,
    reported: 0.5,
    seconds: 2,
    weightsHash: 'w',
    stages: [{ name: 'classify', hash: 'a0', shared: true, reused: true, epochs: [{ epoch: 1, seconds: 1, loss: 2 }] }],
  } as const
  const view = viewOf(
    { type: 'stageReused', time: at(1), stage: first, byAnotherRun: true, test: null, samples: [] },
    { type: 'experimentDone', time: at(1), result },
  )
  expect([view.stages.a0?.isReused, view.stages.a0?.rows.length]).toEqual([true, 1])
  expect(view.experiments.map(({ status, accuracy }) => [status, accuracy])).toEqual([
    ['done', 0.75],
    ['running', null],
    ['running', null],
  ])
  expect(tableOf([view])[0]).toMatchObject({ title: 'one', seeds: 2, reported: 0.5, status: 'running' })
})

it('ends stages of an experiment that was interrupted', () => {
  const result = { ...record.experiments[0], condition: '', status: 'interrupted', test: null, accuracy: null } as const
  const view = viewOf(started(1), {
    type: 'experimentDone',
    time: at(3),
    result: {
      ...result,
      name: 'one',
      seed: 0,
      reported: null,
      seconds: 2,
      weightsHash: null,
      stages: [{ name: 'classify', hash: 'a0', shared: false, reused: false, epochs: [] }],
    },
  })
  expect(view.stages.a0).toMatchObject({ status: 'interrupted', spans: [{ from: 1, to: 3, threads: 1 }] })
})

it('draws seeds as a band, and a shared stage once', () => {
  const stage = ref('a0', 0, ['one'])
  const own = { ...record, experiments: record.experiments.filter(({ name }) => name === 'one') }
  const view = [started(1, stage), epoch(2, 1, 0.2, stage), started(1, second), epoch(2, 1, 0.4, second)].reduce(
    withEvent,
    newRunView('run', own),
  )
  const panel = panelsOf([view]).find(({ metric }) => metric === 'accuracy')
  expect(panel?.curves.map(({ part, seeds }) => [part, seeds])).toEqual([
    ['train', 2],
    ['validation', 2],
  ])
  const [point] = panel?.curves[0]?.points ?? []
  expect(point).toMatchObject({ epoch: 1, low: 0.2, high: 0.4 })
  expect(point?.mean).toBeCloseTo(0.3, 10)
  const shared = panelsOf([viewOf(started(1), epoch(2, 1, 0.2))]).find(({ metric }) => metric === 'accuracy')
  expect(shared?.curves.map(({ experiments }) => experiments)).toEqual([
    ['one', 'two'],
    ['one', 'two'],
  ])
})

it('leaves numbers out of curves that are not finite', () => {
  const panel = panelsOf([viewOf(started(1), epoch(2, 1, NaN), epoch(3, 2, 0.5))]).find(
    ({ metric }) => metric === 'accuracy',
  )
  expect(panel?.curves.map(({ points }) => points.map((point) => point.epoch))).toEqual([[2], [2]])
})
