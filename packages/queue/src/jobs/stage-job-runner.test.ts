import { defineModel, fromMeans, mean, normal, parameter } from '@gradpool/core'
import type { Engine } from '@gradpool/core/engine'
import { nativeEngine, wasmEngine } from '@gradpool/engine-cpu'
import { findExperiments, planExperiment, withOverrides, type ExperimentPlan } from '@gradpool/experiments'
import { runExperiments, type ReadyStage, type RunResult } from '@gradpool/orchestrator'
import { sha256, weightsHash } from '@gradpool/storage'
import { enginePool, type EpochRow } from '@gradpool/trainer'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StageJob } from '../job.js'
import { imagesDataset } from '../testing/images.js'
import { MemoryStore } from '../testing/memory-store.js'
import { jobOf, storeTrainer } from '../testing/store-trainer.js'
import type { JobHooks } from './job-runner.js'
import { StageJobRunner } from './stage-job-runner.js'
import { StoreDocuments } from './store-documents.js'

const dataset = imagesDataset()
const numerics = 'exact-2'
const engines = { native: nativeEngine, wasm: wasmEngine }

function plansOf(names: readonly string[], overrides: readonly string[] = [], seed = 0): ExperimentPlan[] {
  return findExperiments(names).map((config) =>
    planExperiment(withOverrides(config, ['train.epochs=1', ...overrides]), { dataset, seed }),
  )
}

async function engineOf(name: keyof typeof engines, memoryBytes = 2 ** 27): Promise<Engine> {
  const engine = await engines[name]({ memoryBytes })
  onTestFinished(() => engine.dispose())
  return engine
}

function runnerOf(engine: Engine, store: MemoryStore, workers = 2): StageJobRunner {
  const pool = enginePool(engine, workers, (message) => expect.fail(message))
  const runner = new StageJobRunner({ engine, pool, workers, storeOf: () => store })
  onTestFinished(() => runner.close())
  return runner
}

/** Without threads. */
function hereOf(engine: Engine, store: MemoryStore): StageJobRunner {
  const pool = enginePool({ workerModule: engine.workerModule, threads: false }, 1, () => undefined)
  return new StageJobRunner({ engine, pool, workers: 1, storeOf: () => store })
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gradpool-queue-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** What does not depend on the clock. */
function resultsOf({ experiments }: RunResult) {
  return experiments.map(({ name, status, weightsHash, test, stages }) => ({
    name,
    status,
    weightsHash,
    test,
    epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _, ...row }) => row)),
  }))
}

async function locally(plans: readonly ExperimentPlan[], engine: Engine): Promise<RunResult> {
  return (await runExperiments(plans, { engine, workers: 1, directory: await folder() })).result
}

async function asJobs(plans: readonly ExperimentPlan[], engine: Engine, workers: number): Promise<RunResult> {
  const store = new MemoryStore()
  const runner = runnerOf(engine, store, workers)
  const trainer = storeTrainer(runner, new StoreDocuments(store, numerics), { numerics, limit: 6 })
  const { name, description } = engine
  const told = { name, description, numerics: engine.numerics }
  return (await runExperiments(plans, { engine: told, trainer, directory: await folder() })).result
}

const hooks: JobHooks = {
  onStarted: () => undefined,
  onEpoch: () => undefined,
  onThreads: () => undefined,
  onWarning: (message) => expect.fail(message),
}

/** The first stage of an experiment as a job, with its plan. */
async function readyJob(store: MemoryStore, overrides: readonly string[] = [], seed = 0, name = 'mnist_mlp_1p') {
  const documents = new StoreDocuments(store, numerics)
  const plan = plansOf([name], overrides, seed)[0]?.stages[0]
  if (plan === undefined) throw new Error('there is a stage')
  const ref = { hash: plan.hash, name: plan.name, seed, experiments: [name] }
  const stage: ReadyStage = { ...hooks, plan, ref, state: undefined, checkpointSeconds: 100, stallSeconds: 100 }
  return { plan, documents, job: await jobOf(stage, documents, numerics) }
}

describe.each(['native', 'wasm'] as const)('with %s', (name) => {
  it('the six experiments of the report come to the results of local training, on 1 and 2 workers', async () => {
    const engine = await engineOf(name)
    const plans = plansOf(['report'])
    const local = resultsOf(await locally(plans, engine))
    expect(local.map(({ status }) => status)).toEqual(Array(6).fill('done'))
    // Here all images that there are have labels, so the first two are one stage.
    expect(new Set(local.map(({ weightsHash }) => weightsHash)).size).toBe(5)
    for (const workers of [1, 2]) expect(resultsOf(await asJobs(plans, engine, workers))).toEqual(local)
  }, 60_000)
})

it('averages replicas to the same bits', async () => {
  const engine = await engineOf('wasm')
  const plans = plansOf(['mnist_mlp_all'], ['train.averageEvery=4', 'train.epochs=2'])
  expect(resultsOf(await asJobs(plans, engine, 2))).toEqual(resultsOf(await locally(plans, engine)))
})

it('goes on where it was stopped, after any step, to the same bits, and leaves no checkpoint behind', async () => {
  const engine = await engineOf('wasm')
  const overrides = ['train.epochs=6', 'train.earlyStopping={"patience":9}']
  const alone = new MemoryStore()
  const { job, plan, documents } = await readyJob(alone, overrides)
  const whole = await runnerOf(engine, alone).run(job, hooks).end
  if (whole.status !== 'done') throw new Error('it is done')
  const expected = await documents.decodeOutcome(whole.outcome, plan)

  const store = new MemoryStore()
  const { documents: others } = await readyJob(store, overrides)
  const two = [await engineOf('native'), engine]
  const steps: number[] = []
  const rows: EpochRow[] = []
  for (;;) {
    // Another worker each time, of another engine; in this thread, which sees each of its first steps.
    const runner = hereOf(two[steps.length % 2] ?? engine, store)
    let from = 0
    const onStarted = (step: number) => steps.push((from = step))
    const running = runner.run(job, { ...hooks, onStarted, onEpoch: (row) => rows.push(row) })
    const over = new AbortController()
    void running.end.finally(() => over.abort())
    while (!over.signal.aborted && (running.progress()?.step ?? 0) <= from) await setImmediate()
    running.stop()
    const end = await running.end
    await runner.close()
    if (end.status === 'interrupted') continue
    const outcome = await others.decodeOutcome(end.outcome, plan)
    if (outcome.status !== 'done' || expected.status !== 'done') throw new Error('it is done')
    expect(weightsHash(outcome.state)).toBe(weightsHash(expected.state))
    expect(outcome.best?.epoch).toBe(expected.best?.epoch)
    const timeless = (all: readonly EpochRow[]) => all.map(({ seconds: _, ...row }) => row)
    expect(timeless(outcome.epochs)).toEqual(timeless(expected.epochs))
    expect(timeless(rows)).toEqual(timeless(expected.epochs))
    break
  }
  expect(steps.length).toBeGreaterThan(10)
  expect(steps).toEqual(steps.toSorted((a, b) => a - b))
  expect([...store.names.keys()]).toEqual([`results/${numerics}/${job.stage}`])
  // The result, and what jobs start from.
  expect(store.blobs.size).toBe(alone.blobs.size)
}, 60_000)

it('finds the result of a job that is done, and trains nothing', async () => {
  const store = new MemoryStore()
  const { job } = await readyJob(store)
  const runner = runnerOf(await engineOf('wasm'), store)
  const first = await runner.run(job, hooks).end
  const never = { ...hooks, onStarted: () => expect.fail('it is trained again') }
  expect(await runner.run(job, never).end).toEqual(first)
})

it('keeps one copy of what jobs share, and frees the engine at the end', async () => {
  const engine = await engineOf('wasm')
  const allocated: number[] = []
  let freed = 0
  const counting: Engine = {
    ...engine,
    name: engine.name,
    description: engine.description,
    numerics: engine.numerics,
    workerModule: engine.workerModule,
    compile: (...given) => engine.compile(...given),
    dispose: () => engine.dispose(),
    allocate(numBytes) {
      allocated.push(numBytes)
      return engine.allocate(numBytes)
    },
    free(memory) {
      freed++
      engine.free?.(memory)
    },
  }
  const store = new MemoryStore()
  const jobs = await Promise.all([0, 1, 2, 3].map((seed) => readyJob(store, [], seed)))
  const runner = runnerOf(counting, store)
  const ends = await Promise.all(jobs.map(({ job }) => runner.run(job, hooks).end))
  expect(ends.map(({ status }) => status)).toEqual(Array(4).fill('done'))
  expect(allocated.sort((a, b) => a - b)).toEqual([100, 400, 78_400, 313_600])
  const gets = store.calls.get('get')
  // Programs of training, its last batch and the evaluations, rows, four fields; and each job's plan where it is long.
  expect(gets).toBeLessThan(20)
  await runner.close()
  expect(freed).toBe(allocated.length)
})

describe('what cannot be', () => {
  async function endOf(change: (store: MemoryStore, job: StageJob) => StageJob | undefined, memoryBytes?: number) {
    const store = new MemoryStore()
    const { job } = await readyJob(store)
    const changed = change(store, job) ?? job
    const runner = runnerOf(await engineOf('wasm', memoryBytes), store)
    return runner.run(changed, hooks).end
  }
  const largest = ({ blobs }: MemoryStore) => [...blobs].sort(([, a], [, b]) => b.length - a.length)[0]

  it.each([
    [
      'a blob with other bytes',
      (store: MemoryStore) => {
        largest(store)?.[1].fill(7)
      },
      /^the store memory has other bytes as [0-9a-f]{64}$/,
    ],
    [
      'a blob that is missing',
      (store: MemoryStore) => {
        store.blobs.delete(largest(store)?.[0] ?? '')
      },
      /^the store memory does not have [0-9a-f]{64}$/,
    ],
    ['a store that does not answer', (store: MemoryStore) => void (store.failure = 'no answer'), /^no answer$/],
    [
      'other numerics',
      (_: MemoryStore, job: StageJob) => ({ ...job, numerics: 'exact-1' }),
      /^classify is for engines of exact-1, and this one computes exact-2$/,
    ],
    [
      'the plan of another stage',
      (_: MemoryStore, job: StageJob) => ({ ...job, stage: sha256('another') }),
      /^the plan of classify is of another stage$/,
    ],
    [
      'a plan that is none',
      (_: MemoryStore, job: StageJob) => ({ ...job, plan: { inline: '' } }),
      /^the plan of classify is no whole document 'gradpool-plan': it is not JSON$/,
    ],
  ])('%s is one sentence', async (_, change, sentence) => {
    await expect(endOf((store, job) => change(store, job) ?? undefined)).rejects.toThrow(sentence)
  })

  it('data and states too large for the memory are one sentence, and nothing is left of them', async () => {
    const store = new MemoryStore()
    const { job } = await readyJob(store)
    const engine = await engineOf('wasm')
    const small: Engine = {
      name: engine.name,
      description: engine.description,
      numerics,
      workerModule: engine.workerModule,
      allocate() {
        throw new Error('the memory of the engine is full')
      },
      compile: (...given) => engine.compile(...given),
      dispose: () => Promise.resolve(),
    }
    const runner = runnerOf(small, store)
    await expect(runner.run(job, hooks).end).rejects.toThrow(/^the memory of the engine is full$/)
  })

  it('a metric with a function of the user cannot travel', async () => {
    const store = new MemoryStore()
    const own = defineModel({
      params: { w: parameter([784], normal(1)) },
      step: ({ w }) => ({
        loss: mean(w),
        twice: fromMeans({ means: { w: mean(w) }, finish: ({ w }) => 2 * w, direction: 'min' }),
      }),
    })
    const [config] = findExperiments(['mnist_mlp_1p'])
    if (config === undefined) throw new Error('there is one')
    const stages = [{ kind: 'model' as const, name: 'mine', model: own, split: 'train' as const }]
    const plan = planExperiment({ ...config, stages }, { dataset, seed: 0 }).stages[0]
    if (plan === undefined) throw new Error('there is a stage')
    await expect(new StoreDocuments(store, numerics).encodePlan(plan)).rejects.toThrow(
      "mine cannot be trained over a queue: its metric 'twice' ends in a function of its own, and jobs carry no code; use one of Gradpool's by `finisher`",
    )
  })
})

it('a training that fails by itself has an outcome, and no name in the store', async () => {
  const store = new MemoryStore()
  const { job, plan, documents } = await readyJob(store, ['train.optimizer={"kind":"sgd","learningRate":1e30}'])
  const end = await runnerOf(await engineOf('wasm'), store).run(job, hooks).end
  if (end.status !== 'failed') throw new Error('it failed')
  const outcome = await documents.decodeOutcome(end.outcome, plan)
  expect(outcome).toMatchObject({ status: 'failed', mayRetry: false })
  expect('error' in outcome && outcome.error).toMatch(/^classify: the loss is not a finite number at step \d+/)
  expect(store.names.size).toBe(0)
})

it('gives the states that other jobs start from as the submitter would', async () => {
  const store = new MemoryStore()
  const { job, plan, documents } = await readyJob(store, [], 0, 'mnist_auto_1')
  const runner = runnerOf(await engineOf('wasm'), store)
  const end = await runner.run(job, hooks).end
  if (end.status !== 'done') throw new Error('it is done')
  const outcome = await documents.decodeOutcome(end.outcome, plan)
  if (outcome.status !== 'done') throw new Error('it is done')
  const names = ['encoder.0.weight', 'encoder.0.bias']
  const states = Object.fromEntries(names.map((name) => [name, outcome.state[name] ?? new Float32Array()]))
  expect(await runner.statesOf(job, end.outcome, names)).toEqual(await documents.encodeStates(states))
  await expect(runner.statesOf(job, end.outcome, ['other'])).rejects.toThrow(
    "the result of autoencode has no state 'other'",
  )
})
