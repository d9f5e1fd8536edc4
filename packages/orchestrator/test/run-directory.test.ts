import { decodeSafetensors } from '@gradpool/storage'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findRuns, readRun } from '../src/runs/read-run.js'
import { runExperiments } from '../src/run-experiments.js'
import { fakeEngine } from '../src/testing/fake-engine.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const auto = stageOf('auto', { epochs: 1, stepsPerEpoch: 2 })
const plans = [experimentOf('one', auto, stageOf('classify', { initFrom: auto }))]

describe('a run directory', () => {
  it('has what was asked, what happened, each stage, and the result', async () => {
    const { result, events } = await runPlans(plans, { record: { preset: 'default' } })
    const read = await readRun(result.run)

    expect(await files(result.run)).toEqual([
      'events.jsonl',
      'result.json',
      'run.json',
      'stages/auto/done',
      'stages/auto/metrics.json',
      'stages/auto/model.gradpool',
      'stages/classify/done',
      'stages/classify/metrics.json',
      'stages/classify/model.gradpool',
    ])
    expect(read.record).toMatchObject({
      engine: { name: 'fake', description: 'arithmetic' },
      workers: 2,
      record: { preset: 'default' },
      experiments: [
        {
          name: 'one',
          config: plans[0]?.config,
          stages: [
            { name: 'auto', hash: 'auto' },
            { name: 'classify', hash: 'classify', initFrom: 'auto' },
          ],
        },
      ],
    })
    expect(read.result).toEqual(result)
    expect(read.events.map(({ time: _, ...event }) => event)).toEqual(events)
  })

  it('has the weights and metrics of each stage', async () => {
    const { result } = await runPlans(plans)
    const folder = join(result.run, 'stages', 'auto')
    const weights = await readFile(join(folder, 'model.gradpool'))
    const { tensors } = decodeSafetensors(weights, 'weights')
    // w: 0, 1, 2.5.
    expect([...tensors]).toEqual([['w', { shape: [], values: Float32Array.of(2.5) }]])
    const metrics: unknown = JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8'))
    expect(metrics).toMatchObject({
      stage: { hash: 'auto' },
      epochs: [{ epoch: 1, loss: 0.5, accuracy: 0.6666667, validation: { loss: 1, accuracy: 0.5 } }],
      test: { loss: 1, accuracy: 0.5 },
      samples: [],
    })
  })

  it('has a name of its own, however many begin at one time', async () => {
    const directory = await temporaryFolder()
    const ran = await Promise.all([1, 2, 3].map(() => runPlans(plans, { directory, workers: 1 })))
    const paths = ran.map(({ result }) => result.run)
    expect(new Set(paths).size).toBe(3)
    expect((await findRuns(directory)).toSorted()).toEqual(paths.toSorted())
  })

  it('is made with the folders above it', async () => {
    const directory = join(await temporaryFolder(), 'a', 'b')
    const { result } = await runPlans(plans, { directory })
    expect(await findRuns(directory)).toEqual([result.run])
  })
})

describe('what cannot be written', () => {
  it('stops the run before it starts when it is the directory', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    const engine = fakeEngine()
    const attempt = runExperiments(plans, { engine, workers: 1, directory: file })
    await expect(attempt).rejects.toMatchObject({
      name: 'UserError',
      message: `cannot make a run directory in '${file}': a part of the path is not a directory`,
    })
    expect(engine.trained).toEqual([])
  })

  it('fails the stage whose files it is, and the others go on', async () => {
    const directory = await temporaryFolder()
    const { result } = await runPlans([...plans, experimentOf('two', stageOf('other'))], {
      directory,
      onEvent(event) {
        if (event.type !== 'stageStarted' || event.stage.hash !== 'auto') return
        // In the place of the stage's directory.
        for (const run of readdirSync(directory)) {
          writeFileSync(join(directory, run, 'stages', 'auto'), '')
        }
      },
    })
    expect(result.experiments).toMatchObject([
      {
        status: 'failed',
        error: `auto: cannot write its files to '${join(result.run, 'stages', 'auto')}': a part of the path is not a directory`,
      },
      { status: 'done' },
    ])
  })

  it('is told of when it is the result', async () => {
    const directory = await temporaryFolder()
    const { result, events } = await runPlans(plans, {
      directory,
      onEvent(event) {
        if (event.type === 'experimentDone') {
          for (const run of readdirSync(directory)) mkdirSync(join(directory, run, 'result.json'))
        }
      },
    })
    expect(result.experiments).toMatchObject([{ status: 'done' }])
    expect(events.at(-1)).toMatchObject({ type: 'warning' })
  })

  it.each([0, -1, 1.5, NaN])('%d workers are refused', async (workers) => {
    const directory = await temporaryFolder()
    const attempt = runExperiments(plans, { engine: fakeEngine(), workers, directory })
    await expect(attempt).rejects.toThrow('workers must be a whole number of at least 1')
    expect(await readdir(directory)).toEqual([])
  })
})

describe('readRun', () => {
  it('refuses what is not a run, or is damaged', async () => {
    const folder = join(await temporaryFolder(), 'run')
    await mkdir(folder)
    await expect(readRun(folder)).rejects.toThrow(`there is no run in '${folder}'`)
    await writeFile(join(folder, 'run.json'), '{}')
    await expect(readRun(folder)).rejects.toThrow('is not the record of a run')
    await writeFile(join(folder, 'run.json'), '{')
    await expect(readRun(folder)).rejects.toThrow('is damaged')
    const damages: string[] = []
    const parent = dirname(folder)
    await mkdir(join(parent, 'none'))
    expect(await findRuns(parent, (message) => damages.push(message))).toEqual([])
    expect(damages).toEqual([expect.stringMatching(/^'.*run.json' is damaged: /)])
    expect(await findRuns(join(folder, 'nowhere'))).toEqual([])
  })

  it('reads a run that was cut off', async () => {
    const { result } = await runPlans(plans)
    await rm(join(result.run, 'result.json'))
    const log = join(result.run, 'events.jsonl')
    const text = await readFile(log, 'utf8')
    await writeFile(log, text.slice(0, -10))
    const read = await readRun(result.run)
    expect(read.result).toBeNull()
    expect(read.events).toHaveLength(text.split('\n').length - 2)
  })
})

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()
}
