/** Stages that earlier runs of the same folder trained are not trained again, unless that is asked for. */
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STAGE_FORMAT } from '@gradpool/experiments'
import { describe, expect, it } from 'vitest'
import { findGarbage, removeGarbage } from '../src/runs/collect-garbage.js'
import { readRun } from '../src/runs/read-run.js'
import { runExperiments } from '../src/run-experiments.js'
import { fakeEngine } from '../src/testing/fake-engine.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { rewriteMetrics } from '../src/testing/rewrite-metrics.js'
import { runPlans, titles } from '../src/testing/run-plans.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const auto = stageOf('auto')
const plans = [experimentOf('one', auto, stageOf('classify', { initFrom: auto }))]
const store = (directory: string) => join(directory, '.store', 'fake')

describe('a second run', () => {
  it('takes the stages of the first, and says so', async () => {
    const directory = await temporaryFolder()
    const first = await runPlans(plans, { directory })
    const second = await runPlans(plans, { directory })
    expect(second.engine.trained).toEqual([])
    expect(titles(second.events)).toEqual(['stageReused auto', 'stageReused classify', 'experimentDone one'])
    const [one] = first.result.experiments
    expect(second.result.experiments).toEqual([
      { ...one, stages: one?.stages.map((stage) => ({ ...stage, reused: true })) },
    ])
    expect(one?.stages.every(({ reused }) => !reused)).toBe(true)
    // Its directory is whole without the first.
    await rm(first.result.run, { recursive: true })
    await rm(store(directory), { recursive: true })
    const third = await runPlans(plans, { directory, resume: second.result.run })
    expect(third.engine.trained).toEqual([])
    // And still knows that it trained none of them.
    expect(third.result.experiments).toEqual(second.result.experiments)
    expect(third.events).toContainEqual(expect.objectContaining({ type: 'stageReused', byAnotherRun: true }))
  })

  it('starts a new stage from one that was trained before', async () => {
    const directory = await temporaryFolder()
    await runPlans(plans, { directory })
    const other = [experimentOf('two', auto, stageOf('other', { initFrom: auto }))]
    const { result, engine } = await runPlans(other, { directory })
    const alone = await runPlans(other)
    expect(engine.trained).toEqual([0])
    expect(result.experiments[0]?.weightsHash).toBe(alone.result.experiments[0]?.weightsHash)
  })

  it('trains all where that is asked for', async () => {
    const directory = await temporaryFolder()
    await runPlans(plans, { directory })
    const { engine } = await runPlans(plans, { directory, fresh: true })
    expect(engine.trained).toHaveLength(2)
  })

  it('takes what another version of Gradpool trained, and nothing of another format', async () => {
    const directory = await temporaryFolder()
    await runPlans(plans, { directory })
    await rewriteMetrics(join(store(directory), 'auto'), { version: '9.9.9' })
    expect((await runPlans(plans, { directory })).engine.trained).toEqual([])
    const path = join(store(directory), 'auto', 'done')
    const manifest = await readFile(path, 'utf8')
    // Up to format 3, nothing of it was JSON.
    for (const [text, version] of [
      [manifest.replace(`"formatVersion": ${STAGE_FORMAT}`, '"formatVersion": 99'), '99'],
      ['', '3'],
      ['by an earlier run\n', '3'],
    ] as const) {
      await writeFile(path, text)
      const { engine, events } = await runPlans(plans, { directory })
      expect(engine.trained).toHaveLength(1)
      expect(events).toContainEqual({
        type: 'warning',
        message: `'${path}' is of format version ${version}, and this Gradpool reads ${STAGE_FORMAT}; the stage is trained again`,
      })
    }
  })

  it('takes nothing that another engine trained', async () => {
    const directory = await temporaryFolder()
    await runPlans(plans, { directory })
    const engine = { ...fakeEngine(), numerics: 'other' }
    const run = await runExperiments(plans, { engine, workers: 1, directory })
    await run.result
    expect(engine.trained).toHaveLength(2)
    expect((await readdir(join(directory, '.store'))).sort()).toEqual(['fake', 'other'])
  })

  it('trains what is damaged in the store, and says so', async () => {
    const directory = await temporaryFolder()
    await runPlans(plans, { directory })
    await appendFile(join(store(directory), 'auto', 'model.gradpool'), 'x')
    const { engine, events } = await runPlans(plans, { directory })
    expect(engine.trained).toHaveLength(1)
    expect(events).toContainEqual({
      type: 'warning',
      message: expect.stringContaining('the stage is trained again') as string,
    })
    // And then it is whole again.
    expect((await runPlans(plans, { directory })).engine.trained).toEqual([])
  })

  it('takes no files of another stage, even where they are under its name', async () => {
    const directory = await temporaryFolder()
    await runPlans(plans, { directory })
    await runPlans([experimentOf('two', stageOf('other', { seed: 7 }))], { directory })
    await rm(join(store(directory), 'auto'), { recursive: true })
    await rename(join(store(directory), 'other'), join(store(directory), 'auto'))
    const { engine, events } = await runPlans(plans, { directory })
    expect(engine.trained).toHaveLength(1)
    expect(events).toContainEqual({
      type: 'warning',
      message: expect.stringMatching(/the files of another stage; the stage is trained/) as string,
    })
  })

  it('does without a store that cannot be written', async () => {
    const directory = await temporaryFolder()
    await writeFile(join(directory, '.store'), '')
    const { result, events } = await runPlans(plans, { directory })
    expect(result.experiments).toMatchObject([{ status: 'done' }])
    expect(events).toContainEqual({
      type: 'warning',
      message: expect.stringContaining('for later runs') as string,
    })
  })
})

describe('garbage', () => {
  it('is what no run refers to, and what was cut off', async () => {
    const directory = await temporaryFolder()
    const one = await runPlans(plans, { directory })
    const two = await runPlans([experimentOf('two', stageOf('other'))], { directory })
    expect(await findGarbage(directory)).toEqual([])

    await rm(one.result.run, { recursive: true })
    const torn = join(two.result.run, 'stages', 'other', 'metrics.json.17.tmp')
    await writeFile(torn, 'cut')
    const checkpoints = join(two.result.run, 'stages', 'other', 'checkpoints')
    await mkdir(checkpoints)
    const garbage = await findGarbage(directory)
    const entries = ['auto', 'classify'].map((hash) => join(store(directory), hash))
    expect(garbage.map(({ path }) => path).sort()).toEqual([...entries, checkpoints, torn].sort())
    const size = (await stat(join(entries[0] ?? '', 'model.gradpool'))).size
    expect(garbage.find(({ path }) => path === entries[0])?.numBytes).toBeGreaterThan(size)

    await removeGarbage(garbage)
    expect(garbage.filter(({ path }) => existsSync(path))).toEqual([])
    expect(await findGarbage(directory)).toEqual([])
    expect((await readRun(two.result.run)).result).toEqual(two.result)
    const again = await runPlans([experimentOf('two', stageOf('other'))], { directory })
    expect(again.engine.trained).toEqual([])
  })

  it('has what is served to a queue once no run needs it', async () => {
    const directory = await temporaryFolder()
    const record = { queue: 'redis://127.0.0.1:6379' }
    const served = join(directory, '.queue-store')
    await mkdir(join(served, 'blobs'), { recursive: true })
    await writeFile(join(served, 'blobs', 'a'), 'some bytes')
    const run = await runPlans(plans, { directory, record })
    const ofQueue = { path: served, why: 'no run serves it to a queue any more', numBytes: 10 }
    expect(await findGarbage(directory)).toEqual([ofQueue])

    const result = join(run.result.run, 'result.json')
    await rename(result, `${result}.kept`)
    expect(await findGarbage(directory)).toEqual([])
    await rm(run.result.run, { recursive: true })
    await runPlans(plans, { directory, record: { ...record, store: 's3://bucket' } })
    expect(await findGarbage(directory)).toEqual([ofQueue])
  })
})
