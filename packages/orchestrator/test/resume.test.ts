/** A run that was interrupted at any moment is resumed with the real engine, bit-identical to one that was not. */
import { wasmEngine } from '@gradpool/engine-cpu'
import { mnist } from '@gradpool/datasets'
import { autoencode, classify, defineExperiment, planExperiment, withOverrides } from '@gradpool/experiments'
import { decodeSafetensors, openSealed, sealJson } from '@gradpool/storage'
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { findResumable } from '../src/runs/same-run.js'
import { readRun } from '../src/runs/read-run.js'
import { runExperiments, type RunOptions } from '../src/run-experiments.js'
import type { RunEvent, RunResult } from '../src/runs/run-result.js'
import { rowsDataset } from '../src/testing/rows-dataset.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

// Interruptions are many, and disks are slow at times.
vi.setConfig({ testTimeout: 60_000 })

const config = defineExperiment({
  name: 'pretrained',
  data: mnist(),
  train: { batchSize: 6, epochs: 1200 },
  stages: [autoencode({ encoder: [8], decoder: [16] }), classify({ hidden: [16], encoder: 'fineTuned' })],
})

interface Ran {
  readonly result: RunResult
  readonly events: readonly RunEvent[]
}

interface Settings {
  /** Somewhere in an epoch after so many. */
  readonly stopAfterEpochs?: number
  /** So many checkpoints are there. */
  readonly stopAt?: number
  readonly set?: readonly string[]
}

async function run(options: Partial<RunOptions> & Settings = {}): Promise<Ran> {
  const { stopAfterEpochs, stopAt, set = [], ...rest } = options
  const engine = await wasmEngine({ memoryBytes: 64 * 1024 * 1024 })
  onTestFinished(() => engine.dispose())
  const plan = planExperiment(withOverrides(config, set), { dataset: rowsDataset(), seed: 0 })
  const events: RunEvent[] = []
  const controller = new AbortController()
  let numEpochs = 0
  const started = await runExperiments([plan], {
    engine,
    workers: 1,
    signal: controller.signal,
    checkpointSeconds: 0.02,
    ...rest,
    directory: rest.directory ?? (await temporaryFolder()),
    onEvent(event) {
      events.push(event)
      if (event.type === 'epoch' && ++numEpochs === stopAfterEpochs) setTimeout(() => controller.abort(), 1)
    },
  })
  if (stopAt !== undefined) {
    const look = async () => {
      const records = (await checkpointsOf(started.directory)).filter((path) => path.endsWith('.json'))
      const inOneFolder = (path: string) => records.filter((other) => dirname(other) === dirname(path))
      if (records.some((path) => inOneFolder(path).length >= stopAt)) controller.abort()
    }
    const timer = setInterval(() => void look(), 5)
    void started.result.finally(() => clearInterval(timer))
  }
  return { result: await started.result, events }
}

function bitsOf({ experiments }: RunResult) {
  return experiments.map(({ status, weightsHash, accuracy, stages }) => ({
    status,
    weightsHash,
    accuracy,
    epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _, ...row }) => row)),
  }))
}

const undisturbed = new Map<string, Promise<unknown>>()

/** The bits of a run that nothing interrupts; each is trained once. */
function undisturbedBits(set: readonly string[] = []): Promise<unknown> {
  const key = set.join()
  const bits = undisturbed.get(key) ?? run({ set }).then(({ result }) => bitsOf(result))
  undisturbed.set(key, bits)
  return bits
}

/** The directory of a run that was interrupted with at least so many checkpoints of a stage. */
async function interrupted(stopAt = 1): Promise<string> {
  const attempt = async () => {
    const { result } = await run({ stopAt })
    const records = (await checkpointsOf(result.run)).filter((path) => path.endsWith('.json'))
    return { directory: result.run, status: result.experiments[0]?.status, records: records.length }
  }
  // A stage that ends before the interruption reaches it has no checkpoints any more.
  let last = await attempt()
  for (let again = 0; last.records < stopAt && again < 5; again++) last = await attempt()
  expect(last.status).toBe('interrupted')
  expect(last.records).toBeGreaterThanOrEqual(stopAt)
  return last.directory
}

async function checkpointsOf(directory: string): Promise<string[]> {
  // A folder may go while it is read.
  const entries = await readdir(join(directory, 'stages'), { recursive: true }).catch(() => [])
  return entries
    .filter((path) => /checkpoints.\d+\.(json|safetensors)$/.test(path))
    .map((path) => join(directory, 'stages', path))
    .sort()
}

const warningsOf = ({ events }: Ran) => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

describe('a resumed run', () => {
  it('is bit-identical, however often it was interrupted', async () => {
    const whole = await undisturbedBits()
    let ran = await run({ stopAfterEpochs: 50 })
    let interruptions = 0
    while (ran.result.experiments[0]?.status === 'interrupted') {
      interruptions++
      const workers = 1 + (interruptions % 2)
      ran = await run({ resume: ran.result.run, workers, stopAfterEpochs: 100 * interruptions })
      expect(ran.events[0]).toEqual({ type: 'resumed' })
    }
    expect(interruptions).toBeGreaterThan(2)
    expect(bitsOf(ran.result)).toEqual(whole)
    expect((await readRun(ran.result.run)).result).toEqual(ran.result)
    expect(await checkpointsOf(ran.result.run)).toEqual([])
  })

  it.each([
    ['the best weights', ['train.keep=best', 'train.optimizer.learningRate=0.03']],
    ['early stopping', ['train.earlyStopping={"patience":200,"minDelta":0.001}', 'train.keep=best']],
    ['a schedule', ['train.optimizer.learningRate={"kind":"cosine","learningRate":0.01}']],
    ['clipping', ['train.optimizer.clip={"kind":"globalNorm","max":0.1}']],
  ])('is bit-identical with %s', async (_, changes) => {
    const set = ['train.epochs=600', ...changes]
    const whole = await undisturbedBits(set)
    expect(whole).not.toEqual(await undisturbedBits(['train.epochs=600']))
    let ran = await run({ set, stopAt: 1 })
    expect(ran.result.experiments).toMatchObject([{ status: 'interrupted' }])
    while (ran.result.experiments[0]?.status === 'interrupted') {
      ran = await run({ set, resume: ran.result.run, stopAfterEpochs: 200 })
    }
    expect(bitsOf(ran.result)).toEqual(whole)
  })

  it('keeps the states of the best validation beside those of the end, for later runs too', async () => {
    const set = ['train.epochs=300', 'train.optimizer.learningRate=0.03']
    const filesOf = async ({ result }: Ran) => {
      // The second stage starts from what the first one ends with, so only the first is the same.
      const folder = join(result.run, 'stages', result.experiments[0]?.stages[0]?.hash ?? '')
      const tensorsIn = async (name: string) => decodeSafetensors(await readFile(join(folder, name)), name).tensors
      return {
        end: await tensorsIn('model.gradpool'),
        best: () => tensorsIn('best.gradpool'),
      }
    }
    const directory = await temporaryFolder()
    const last = await filesOf(await run({ set, directory }))
    const best = await filesOf(await run({ set: [...set, 'train.keep=best'] }))
    expect(await last.best()).toEqual(best.end)
    expect(last.end).not.toEqual(best.end)
    await expect(best.best()).rejects.toThrow('ENOENT')
    const reused = await filesOf(await run({ set, directory }))
    expect(await reused.best()).toEqual(best.end)
  })

  it('starts in the middle of an epoch, and does not train what is done', async () => {
    const directory = await interrupted()
    const [record] = (await checkpointsOf(directory)).filter((path) => path.endsWith('.json'))
    const { position } = JSON.parse(await readFile(record ?? '', 'utf8')) as {
      position: { step: number }
    }
    const ran = await run({ resume: directory })
    const started = ran.events.find((event) => event.type === 'stageStarted')
    expect(started?.fromStep).toBeGreaterThanOrEqual(position.step)
    const again = await run({ resume: directory })
    expect(again.events.filter(({ type }) => type === 'stageReused')).toHaveLength(2)
    expect(again.events.some(({ type }) => type === 'stageStarted')).toBe(false)
    expect(bitsOf(again.result)).toEqual(bitsOf(ran.result))
  })

  it('takes the checkpoint before where the last is damaged, and says so', async () => {
    const whole = await undisturbedBits()
    const directory = await interrupted(2)
    const checkpoints = await checkpointsOf(directory)
    const stepOf = (path: string) => Number(/(\d+)\.\w+$/.exec(path)?.[1])
    const last = Math.max(...checkpoints.map(stepOf))
    expect(new Set(checkpoints.map(stepOf)).size).toBe(2)
    for (const path of checkpoints) {
      if (stepOf(path) === last && path.endsWith('.safetensors')) await appendFile(path, 'x')
    }
    const ran = await run({ resume: directory })
    expect(warningsOf(ran)).toMatchObject([
      expect.stringMatching(/is not as it was written; the checkpoint before it is taken$/),
    ])
    const started = ran.events.find((event) => event.type === 'stageStarted')
    expect(started?.fromStep).toBeLessThan(last)
    expect(bitsOf(ran.result)).toEqual(whole)
  })

  it.each([
    ['an empty folder of checkpoints', async (stage: string) => emptied(join(stage, 'checkpoints'))],
    ['no folder of checkpoints', async (stage: string) => remove(join(stage, 'checkpoints'))],
    ['only half of a checkpoint', async (stage: string) => removeRecords(stage)],
  ])('is begun anew with %s', async (_, damage) => {
    const whole = await undisturbedBits()
    const directory = await interrupted()
    for (const stage of await readdir(join(directory, 'stages'))) {
      await damage(join(directory, 'stages', stage))
    }
    const ran = await run({ resume: directory })
    expect(ran.events.find((event) => event.type === 'stageStarted')?.fromStep).toBe(0)
    expect(bitsOf(ran.result)).toEqual(whole)
  })

  it('trains a stage again whose marker is missing or whose weights are damaged', async () => {
    const whole = await run({ set: ['train.epochs=2'] })
    const stages = join(whole.result.run, 'stages')
    const [first = '', second = ''] = await readdir(stages)
    await remove(join(stages, first, 'done'))
    const weights = join(stages, second, 'model.gradpool')
    const bytes = await readFile(weights)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await writeFile(weights, bytes)
    const ran = await run({ resume: whole.result.run, set: ['train.epochs=2'], fresh: true })
    expect(warningsOf(ran)).toMatchObject([
      expect.stringMatching(/model\.gradpool. is not as it was written; the stage is trained again$/),
    ])
    expect(bitsOf(ran.result)).toEqual(bitsOf(whole.result))
  })

  it('leaves out a torn last line of the log, and says so', async () => {
    const directory = await interrupted()
    const log = join(directory, 'events.jsonl')
    await appendFile(log, '{"type":"epo')
    const ran = await run({ resume: directory })
    expect(warningsOf(ran)).toEqual([`the last line of '${log}' was cut short; it is left out`])
    const { events } = await readRun(directory)
    expect(events.map(({ type }) => type)).toContain('resumed')
  })
})

describe('what would mix results', () => {
  it('is refused and named: a changed configuration', async () => {
    const directory = await interrupted()
    const attempt = run({ resume: directory, set: ['train.batchSize=5', 'train.shuffle=false'] })
    await expect(attempt).rejects.toMatchObject({
      name: 'UserError',
      message:
        `'${directory}' cannot go on, as it would not come to what it was begun for: ` +
        'pretrained: train.batchSize was 6 and is 5; pretrained: train.shuffle was true and is false',
    })
  })

  it('is refused and named: other data, another engine, Gradpool with other Programs', async () => {
    const directory = await interrupted()
    const path = join(directory, 'run.json')
    const record = await readFile(path, 'utf8')
    const changed = async (change: (text: string) => string) => {
      await writeFile(path, sealJson(openSealed(change(record)).value as object))
      return run({ resume: directory })
    }
    const other = (text: string) => text.replace(/("hash": ")[0-9a-f]{64}/g, `$1${'9'.repeat(64)}`)
    await expect(changed(other)).rejects.toThrow(
      'the contents of the data rows are others (SHA-256 000000000000…, not 999999999999…)',
    )
    await expect(changed((text) => text.replace('"numerics": "exact-2"', '"numerics": "exact"'))).rejects.toThrow(
      "the engine 'wasm' does not compute the bits of 'wasm', with which it was begun (exact-2, not exact)",
    )
    const older = (text: string) => text.replace(/"gradpool": "[^"]+"/, '"gradpool": "0.0.1"')
    const otherStages = (text: string) => older(text).replace(/("stages": \[\s*\{[^}]*"hash": ")./, '$1x')
    await expect(changed(otherStages)).rejects.toThrow(
      / trains pretrained otherwise than Gradpool 0\.0\.1, which began it$/,
    )
    await expect(changed((text) => text.replace(/"formatVersion": \d+/, '"formatVersion": 1'))).rejects.toThrow(
      /run\.json' is of format version 1, and this Gradpool reads \d$/,
    )
    // The version of the package alone changes nothing.
    expect((await changed(older)).result.experiments).toMatchObject([{ status: 'done' }])
  })

  it('is not found as a run to go on with', async () => {
    const parent = await temporaryFolder()
    const left = await run({ directory: parent, stopAfterEpochs: 5 })
    const engine = await wasmEngine({ memoryBytes: 64 * 1024 * 1024 })
    const planOf = (set: string[]) => planExperiment(withOverrides(config, set), { dataset: rowsDataset(), seed: 0 })
    expect(await findResumable([planOf([])], engine, parent)).toBe(left.result.run)
    expect(await findResumable([planOf(['train.epochs=9'])], engine, parent)).toBeUndefined()
    await run({ resume: left.result.run })
    expect(await findResumable([planOf([])], engine, parent)).toBeUndefined()
    await engine.dispose()
  })
})

async function emptied(folder: string): Promise<void> {
  await remove(folder)
  await mkdir(folder)
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

async function removeRecords(stage: string): Promise<void> {
  const folder = join(stage, 'checkpoints')
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.json')) await remove(join(folder, name))
  }
}
