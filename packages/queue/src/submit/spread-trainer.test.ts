// One training over machines, with machines that are engines of this process, and a queue that is a list.
import type { Engine } from '@gradpool/core/engine'
import { wasmEngine } from '@gradpool/engine-cpu'
import { findExperiments, planExperiment, withOverrides, type ExperimentPlan } from '@gradpool/experiments'
import { runExperiments, type RunResult } from '@gradpool/orchestrator'
import { enginePool } from '@gradpool/trainer'
import { setTimeout } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { QueueJob, SegmentJob } from '../job.js'
import type { RunningJob } from '../jobs/job-runner.js'
import { StageJobRunner } from '../jobs/stage-job-runner.js'
import { StoreDocuments } from '../jobs/store-documents.js'
import { imagesDataset } from '../testing/images.js'
import { MemoryStore } from '../testing/memory-store.js'
import { storeTrainer } from '../testing/store-trainer.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import type { OutstandingJob } from './outstanding-job.js'
import type { SegmentQueue } from './segment-rounds.js'
import { SpreadTrainer } from './spread-trainer.js'

const dataset = imagesDataset()
const numerics = 'exact-2'
const averaged = ['train.epochs=2', 'train.averageEvery=3', 'train.averageParts=[3,2,1]', 'train.batchSize=10']

function plansOf(overrides: readonly string[] = averaged, name = 'mnist_mlp_all'): ExperimentPlan[] {
  return findExperiments([name]).map((config) => planExperiment(withOverrides(config, overrides), { dataset, seed: 1 }))
}

async function engineOf(memoryBytes = 2 ** 26): Promise<Engine> {
  const engine = await wasmEngine({ memoryBytes })
  onTestFinished(() => engine.dispose())
  return engine
}

async function locally(plans: readonly ExperimentPlan[]) {
  const options = { engine: await engineOf(), workers: 1, directory: await temporaryFolder() }
  return resultsOf(await (await runExperiments(plans, options)).result)
}

/** What does not depend on the clock. */
function resultsOf({ experiments }: RunResult) {
  return experiments.map(({ status, weightsHash, test, stages }) => ({
    status,
    weightsHash,
    test,
    epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _, ...row }) => row)),
  }))
}

/** What befalls a job: nothing, its machine is lost, it fails for good, or its result is damaged in the store. */
type Fate = 'done' | 'lost' | 'failed' | 'damaged'

async function machines(count: number, fateOf: (job: SegmentJob, number: number) => Fate = () => 'done') {
  const store = new MemoryStore()
  const runners: StageJobRunner[] = []
  for (let i = 0; i < count; i++) {
    const engine = await engineOf()
    const pool = enginePool(engine, 2, (message) => expect.fail(message))
    const runner = new StageJobRunner({ engine, pool, workers: 2, storeOf: () => store })
    onTestFinished(() => runner.close())
    runners.push(runner)
  }
  const documents = new StoreDocuments(store, numerics)
  const added: SegmentJob[] = []
  const running = new Map<OutstandingJob, RunningJob | undefined>()
  const queue: SegmentQueue = {
    async jobOf({ plan, ref, stallSeconds }) {
      const { hash: stage, ...title } = ref
      const shared = { format: 1, stage, title, stallSeconds, numerics, store: null } as const
      return { ...shared, plan: await documents.encodePlan(plan) }
    },
    queue: (job) => ({ job, submitter: '', priority: 5, mostSeconds: null, then: [], strikes: 0, stop: false }),
    async follow(job) {
      const queued = await job.source.queued()
      const given = JSON.parse(JSON.stringify(queued.job)) as QueueJob
      if (given.kind !== 'segment') throw new Error('no segment')
      const fate = fateOf(given, added.length)
      added.push(given)
      const isOver = job.isOver()
      running.set(job, undefined)
      if (fate === 'lost') return isOver
      if (fate === 'failed') return { how: 'failed', error: 'it ended its worker’s process 3 times' }
      const hooks = { onStarted: none, onEpoch: none, onThreads: none, onWarning: none }
      const runner = runners[added.length % count]
      if (runner === undefined) throw new Error('no machine')
      const its = runner.run(given, hooks)
      running.set(job, its)
      const end = await its.end
      if (end.status === 'interrupted') return { how: 'interrupted' }
      if (fate === 'damaged' && 'blob' in end.outcome) store.blobs.set(end.outcome.blob, new Uint8Array(9))
      return { how: 'outcome', outcome: end.outcome }
    },
    stop(job) {
      running.get(job)?.stop()
      job.end({ how: 'interrupted' })
      return Promise.resolve()
    },
    isTaken: () => Promise.resolve(true),
  }
  const warnings: string[] = []
  const [first] = runners
  if (first === undefined) throw new Error('no machine')
  const trainer = async () => {
    const stages = storeTrainer(first, documents, { numerics, limit: 5 })
    const onWarning = (message: string) => warnings.push(message)
    const engine = await engineOf()
    return new SpreadTrainer({ queue: { ...stages, ...queue }, engine, workers: 2, store, onWarning, lateSeconds: 0.2 })
  }
  const run = async (plans: readonly ExperimentPlan[], signal?: AbortSignal) => {
    const made = await trainer()
    const options = { engine: { name: 'any', description: '', numerics }, directory: await temporaryFolder() }
    const asked = { ...options, trainer: made, ...(signal && { signal }), checkpointSeconds: 100 }
    const onEvent = (event: { type: string; message?: string }) => {
      if (event.type === 'warning') warnings.push(event.message ?? '')
    }
    return resultsOf(await (await runExperiments(plans, { ...asked, onEvent })).result)
  }
  return { store, added, warnings, run }
}

const none = () => undefined

/** Names of the store, by what comes before the first slash. */
const kindsOf = ({ names }: MemoryStore) => new Set([...names.keys()].map((name) => name.split('/')[0]))

it('gives the bits of one machine, and leaves nothing of its rounds in the store', async () => {
  const plans = plansOf()
  const { run, added, store } = await machines(3)
  expect(await run(plans)).toEqual(await locally(plans))
  // 3 replicas in 2 epochs of 3 rounds: the largest has 62 of the 123 examples, and so 7 steps.
  expect(added).toHaveLength(3 * 2 * 3)
  expect(kindsOf(store)).toEqual(new Set())
  const blobs = store.blobs.size
  // No more than the plan's, and what it names.
  expect((await run(plansOf([...averaged, 'train.epochs=1']))).map(({ status }) => status)).toEqual(['done'])
  expect(store.blobs.size - blobs).toBeLessThanOrEqual(1)
})

it('a machine that is lost in the middle of a round: its segment is done by another', async () => {
  const plans = plansOf()
  const { run, added, warnings } = await machines(2, (_, number) => (number === 4 ? 'lost' : 'done'))
  expect(await run(plans)).toEqual(await locally(plans))
  expect(added.filter(({ copy }) => copy > 0).length).toBeGreaterThan(0)
  expect(warnings).toEqual([])
})

it('a result that is damaged is trained again', async () => {
  const plans = plansOf()
  const { run, warnings } = await machines(1, (_, number) => (number === 4 ? 'damaged' : 'done'))
  expect(await run(plans)).toEqual(await locally(plans))
  expect(warnings).toEqual([expect.stringContaining('is trained again')])
})

it('a segment that fails for good fails its stage, in its sentence', async () => {
  const plans = plansOf()
  const { run } = await machines(1, (_, number) => (number === 4 ? 'failed' : 'done'))
  expect(await run(plans)).toMatchObject([{ status: 'failed' }])
})

it('goes on from its checkpoint in the store, with what of its round was done', async () => {
  const plans = plansOf()
  const stop = new AbortController()
  let stopped = false
  const { run, added } = await machines(1, (_, number) => {
    if (number < 7 || stopped) return 'done'
    if (number === 8) void setTimeout(300).then(() => stop.abort())
    return number === 7 ? 'done' : 'lost'
  })
  expect(await run(plans, stop.signal)).toMatchObject([{ status: 'interrupted' }])
  stopped = true
  const before = added.length
  expect(await run(plans)).toEqual(await locally(plans))
  // The third round is the first of those that are asked for again.
  expect(added[before]?.step).toBe(6)
})

it('stages without replicas are one job', async () => {
  const plans = plansOf(['train.epochs=1'])
  const { run, added } = await machines(1)
  expect(await run(plans)).toEqual(await locally(plans))
  expect(added).toEqual([])
})
