import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import { SinkFeed, type LogEvent, type Sink } from '@gradpool/trainer'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { experimentOf, stageOf } from '../testing/plans.js'
import { runPlans } from '../testing/run-plans.js'
import { stageGraph } from '../scheduling/stage-graph.js'
import { RunLog } from './run-log.js'
import type { RunEvent, Sample, StageRef } from './run-result.js'

interface Kept extends Sink {
  readonly events: LogEvent[]
}

function keptSink(change: Partial<Sink> = {}): Kept {
  const events: LogEvent[] = []
  return { name: 'kept', events, write: (event) => events.push(event), ...change }
}

interface Begun {
  readonly sinks?: readonly Sink[]
  readonly stageFolder?: (hash: string) => string
}

function begin(plans: readonly ExperimentPlan[], { sinks = [], stageFolder = () => 'nowhere' }: Begun = {}) {
  const warnings: string[] = []
  const warn = (message: string) => void warnings.push(message)
  const feed = new SinkFeed({ sinks, warn })
  const engine = { name: 'fake', description: 'arithmetic', numerics: 'fake' }
  const log = new RunLog({ plans, engine, feed, stageFolder, warn })
  const refs = new Map([...stageGraph(plans)].map(([hash, { ref }]) => [hash, ref]))
  const refOf = ({ hash }: StagePlan): StageRef => refs.get(hash) ?? { hash, name: hash, seed: 0, experiments: [] }
  return { log, warnings, refOf }
}

const started = (stage: StageRef, fromStep = 0): RunEvent => {
  return {
    type: 'stageStarted',
    stage,
    epochs: 2,
    stepsPerEpoch: 5,
    fromStep,
    examples: { train: 5, validation: 1, test: 1 },
  }
}
const epoch = (stage: StageRef, number: number): RunEvent => {
  return { type: 'epoch', stage, row: { epoch: number, seconds: 1, loss: 1 / number }, elapsedSeconds: number }
}
const done = (stage: StageRef, samples: readonly Sample[] = []): RunEvent => {
  return { type: 'stageDone', stage, seconds: 2, test: { loss: 0.5 }, samples }
}

/** `started one/auto`, `epoch one/auto 1`, …, without what the process takes. */
function titles(events: readonly LogEvent[]): string[] {
  return events.flatMap((event) => {
    const more = event.type === 'epoch' ? ` ${event.row.epoch}` : event.type === 'ended' ? ` ${event.status}` : ''
    return event.type === 'usage' ? [] : [`${event.type} ${event.training}${more}`]
  })
}

it('tells a stage from start to end, what was logged in between, its samples, and what the process took', async () => {
  const [auto, sink] = [stageOf('auto'), keptSink()]
  const { log, warnings, refOf } = begin([experimentOf('one', auto, stageOf('head'))], { sinks: [sink] })
  const stage = refOf(auto)
  const sample = {
    image: [0, 255.4, 3, 9],
    imageShape: [2, 2] as const,
    truth: 7,
    estimate: 1,
    reconstruction: [4, 3, 2, 1],
  }
  const table = { columns: ['a'], rows: [[1]] }
  log.onEvent(started(stage))
  log.onEvent(epoch(stage, 1))
  log.onEvent({ type: 'threads', stage, threads: 2 })
  log.onEvent({ type: 'logged', stage, item: { type: 'table', name: 'mine', epoch: 1, table } })
  log.onEvent(epoch(stage, 2))
  log.onEvent({ type: 'warning', message: 'of the run alone' })
  log.onEvent(done(stage, [sample]))
  await log.close()
  expect(titles(sink.events)).toEqual([
    'started one/auto',
    'epoch one/auto 1',
    'table one/auto',
    'epoch one/auto 2',
    'image one/auto',
    'image one/auto',
    'ended one/auto done',
  ])
  const params = { experiment: 'one', stage: 'auto', seed: 0, data: 'mnist', engine: 'fake', epochs: 2, batchSize: 1 }
  expect(sink.events[0]).toMatchObject({ epochs: 2, params })
  const images = sink.events.filter(({ type }) => type === 'image')
  expect(images).toMatchObject([
    {
      name: 'samples/1: truth 7, estimate 1',
      epoch: 2,
      image: { height: 2, width: 2, bytes: Uint8Array.of(0, 255, 3, 9) },
    },
    { name: 'samples/1: reconstruction', image: { bytes: Uint8Array.of(4, 3, 2, 1) } },
  ])
  expect(sink.events.at(-1)).toMatchObject({ epoch: 2, test: { loss: 0.5 } })
  expect(sink.events.filter(({ type }) => type === 'usage')).toHaveLength(1)
  expect(warnings).toEqual([])
})

it('names trainings by experiment, and by stage and seed where there are several, each once', async () => {
  const sink = keptSink()
  const shared = stageOf('shared')
  const heads = ['a', 'b'].map((name) => ({ ...stageOf('head'), hash: `${name}/head` }))
  const plans = [experimentOf('a', shared, ...heads.slice(0, 1)), experimentOf('b', shared, ...heads.slice(1))]
  const seeds = [0, 1].map((seed) => ({ ...stageOf('only', { seed }), hash: `only ${seed}` }))
  const twice = { ...stageOf('only'), hash: 'of other data' }
  const many = seeds.map((stage) => experimentOf('mine', stage))
  for (const [all, stages] of [
    [plans, [shared, ...heads]],
    [
      [...many, experimentOf('mine', twice)],
      [...seeds, twice],
    ],
  ] as const) {
    const { log, refOf } = begin(all, { sinks: [sink] })
    for (const stage of stages) log.onEvent(started(refOf(stage)))
    await log.close()
  }
  const names = sink.events.flatMap(({ type, training }) => (type === 'started' ? [training] : []))
  expect(names).toEqual(['a/shared', 'a/head', 'b/head', 'mine@0', 'mine@1', 'mine@0-2'])
  expect(sink.events[0]).toMatchObject({ params: { experiment: 'a, b' } })
})

it('ends what failed, and what was in progress when it is closed, at the epoch that was done', async () => {
  const [first, second, third, sink] = [stageOf('first'), stageOf('second'), stageOf('third'), keptSink()]
  const { log, refOf } = begin([experimentOf('one', first, second, third)], { sinks: [sink] })
  log.onEvent(started(refOf(first)))
  log.onEvent(epoch(refOf(first), 1))
  log.onEvent({ type: 'stageFailed', stage: refOf(first), error: 'the loss became NaN' })
  log.onEvent(started(refOf(second)))
  log.onEvent(epoch(refOf(second), 1))
  await log.close()
  const ended = sink.events.filter(({ type }) => type === 'ended')
  expect(ended).toMatchObject([
    { training: 'one/first', status: 'failed', epoch: 1, test: null },
    { training: 'one/second', status: 'interrupted', epoch: 1, test: null },
  ])
})

it('goes on where a stage begins again, and in a resumed run with the epochs that are new', async () => {
  const [auto, sink] = [stageOf('auto'), keptSink()]
  const { log, refOf } = begin([experimentOf('one', auto)], { sinks: [sink] })
  const stage = refOf(auto)
  for (const event of [started(stage), epoch(stage, 1), started(stage), epoch(stage, 1), epoch(stage, 2)])
    log.onEvent(event)
  await log.close()
  expect(titles(sink.events)).toEqual(['started one', 'epoch one 1', 'epoch one 2', 'ended one interrupted'])
  const again = keptSink()
  const resumed = begin([experimentOf('one', auto)], { sinks: [again] })
  resumed.log.onEvent({ type: 'resumed', after: 'SIGSEGV' })
  resumed.log.onEvent(started(stage, 10))
  resumed.log.onEvent(epoch(stage, 3))
  expect(resumed.log.epochOf(stage)).toBe(3)
  resumed.log.onEvent(done(stage))
  await resumed.log.close()
  expect(titles(again.events)).toEqual(['started one', 'epoch one 3', 'ended one done'])
})

it('tells a stage of an earlier run as a whole, with its weights where a sink wants them', async () => {
  const auto = stageOf('auto', { epochs: 3 })
  const plans = [experimentOf('one', auto)]
  const { result } = await runPlans(plans)
  const stageFolder = (hash: string) => join(result.run, 'stages', hash)
  const [plain, weights] = [keptSink(), keptSink({ weightsEvery: 'end' })]
  const { log, warnings, refOf } = begin(plans, { sinks: [plain, weights], stageFolder })
  const stage = refOf(auto)
  log.onEvent({ type: 'stageReused', stage, byAnotherRun: true, test: { loss: 0.5 }, samples: [] })
  await log.close()
  expect(titles(plain.events)).toEqual(['started one', 'epoch one 1', 'epoch one 2', 'epoch one 3', 'ended one done'])
  const last = weights.events.at(-1)
  expect(last).toMatchObject({ type: 'ended', epoch: 3, test: { loss: 0.5 } })
  expect(last?.type === 'ended' && last.weights?.w).toBeInstanceOf(Float32Array)
  expect(warnings).toEqual([])
})

it('says in a warning what cannot be read of a stage, and ends', async () => {
  const auto = stageOf('auto')
  const plans = [experimentOf('one', auto)]
  const { result } = await runPlans(plans)
  const folder = join(result.run, 'stages', auto.hash)
  const tell = async () => {
    const sink = keptSink({ weightsEvery: 'end' })
    const { log, warnings, refOf } = begin(plans, { sinks: [sink], stageFolder: () => folder })
    log.onEvent(started(refOf(auto)))
    log.onEvent(done(refOf(auto)))
    await log.close()
    return { warnings, events: titles(sink.events) }
  }
  writeFileSync(join(folder, 'model.gradpool'), 'something else')
  const { warnings, events } = await tell()
  expect(warnings).toEqual([expect.stringContaining('model.gradpool')])
  expect(events).toEqual(['started one', 'ended one interrupted'])
  rmSync(folder, { recursive: true })
  expect((await tell()).events.at(0)).toBe('started one')
})

it('a sink that fails is told of once, and takes nothing from the others', async () => {
  const [auto, sink] = [stageOf('auto'), keptSink()]
  const full: Sink = {
    name: 'full',
    write() {
      throw new Error('no space is left')
    },
  }
  const { log, warnings, refOf } = begin([experimentOf('one', auto)], { sinks: [full, sink] })
  const stage = refOf(auto)
  for (const event of [started(stage), epoch(stage, 1), epoch(stage, 2), done(stage)]) log.onEvent(event)
  await log.close()
  expect(titles(sink.events)).toEqual(['started one', 'epoch one 1', 'epoch one 2', 'ended one done'])
  expect(warnings).toEqual([expect.stringMatching(/full.*no space is left/)])
})

it('reads nothing where nobody listens, and still knows the epoch', async () => {
  const auto = stageOf('auto')
  const stageFolder = () => {
    throw new Error('no file is to be read')
  }
  const { log, warnings, refOf } = begin([experimentOf('one', auto)], { stageFolder })
  const stage = refOf(auto)
  expect(log.epochOf(stage)).toBe(0)
  log.onEvent(epoch(stage, 2))
  log.onEvent({ type: 'stageReused', stage, byAnotherRun: true, test: null, samples: [] })
  await log.close()
  expect(log.epochOf(stage)).toBe(2)
  expect(warnings).toEqual([])
})
