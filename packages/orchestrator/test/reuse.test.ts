/** Stages that earlier runs of the same folder trained are not trained again, unless that is asked for. */
import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STAGE_FORMAT } from '@gradpool/experiments'
import { describe, expect, it } from 'vitest'
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
