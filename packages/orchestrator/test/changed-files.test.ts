/** Files of a run and of the store that were changed, exchanged or are no files: each reader tells of them. */
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { findStageModel } from '../src/runs/find-stage-model.js'
import { readRun } from '../src/runs/read-run.js'
import { stageSamples } from '../src/runs/stage-samples.js'
import { fakeEngine } from '../src/testing/fake-engine.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { rewriteMetrics } from '../src/testing/rewrite-metrics.js'
import { runPlans, type Ran } from '../src/testing/run-plans.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { verifyRun } from '../src/verify-run.js'

// Disks are slow at times.
vi.setConfig({ testTimeout: 60_000 })

const auto = stageOf('auto')
const plans = [
  experimentOf('one', auto, stageOf('classify', { initFrom: auto })),
  experimentOf('two', stageOf('other')),
]
const names = ['model.gradpool', 'metrics.json', 'done']

const warningsOf = ({ events }: Ran) => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
const figuresOf = ({ result }: Ran) =>
  result.experiments.map(({ test, weightsHash, stages }) => [
    test,
    weightsHash,
    stages.map(({ epochs }) => epochs.length),
  ])

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8')
  expect(change(text)).not.toBe(text)
  await writeFile(path, change(text))
}

async function exchange(one: string, other: string): Promise<void> {
  await rename(one, `${one}.aside`)
  await rename(other, one)
  await rename(`${one}.aside`, other)
}

describe('two stages whose folders were exchanged', () => {
  it('are told of by every reader, by name, and trained again', async () => {
    const runs = await temporaryFolder()
    const first = await runPlans(plans, { directory: runs })
    const { run } = first.result
    const stages = join(run, 'stages')
    await exchange(join(stages, 'auto'), join(stages, 'other'))
    const sentence = /^'.*(auto|other)' has the files of another stage$/
    for (const target of ['latest/one/auto', 'latest/two']) {
      await expect(findStageModel(target, { runs })).rejects.toThrow(sentence)
    }
    const { record } = await readRun(run)
    await expect(stageSamples(run, record)).rejects.toThrow(sentence)
    const verdicts = []
    for await (const { stage, verdict, reason } of verifyRun(run, plans, fakeEngine())) {
      verdicts.push([stage.name, verdict, reason])
    }
    const other = expect.stringMatching(sentence) as string
    expect(verdicts).toEqual([
      ['auto', 'other', other],
      ['classify', 'other', other],
      ['other', 'other', other],
    ])
    await rm(join(runs, '.store'), { recursive: true })
    const again = await runPlans(plans, { directory: runs, resume: run })
    expect(again.engine.trained).toHaveLength(2)
    // The two stages run at once, so their warnings come in either order.
    expect(warningsOf(again).toSorted()).toEqual([
      expect.stringMatching(/auto' has the files of another stage; the stage is trained again$/),
      expect.stringMatching(/other' has the files of another stage; the stage is trained again$/),
    ])
    expect(figuresOf(again)).toEqual(figuresOf(first))
  })
})

describe('figures', () => {
  it.each(['auto', 'classify'])('of %s that were edited in the store come back in no run', async (stage) => {
    const directory = await temporaryFolder()
    const first = await runPlans(plans, { directory })
    const entry = join(directory, '.store', 'fake', stage)
    await edit(join(entry, 'metrics.json'), (text) => text.replace(/"accuracy": 0\.\d+/g, '"accuracy": 0.999'))
    const second = await runPlans(plans, { directory })
    expect(warningsOf(second)).toEqual([
      `'${join(entry, 'metrics.json')}' is not as it was written; the stage is trained again`,
    ])
    expect(figuresOf(second)).toEqual(figuresOf(first))
  })

  it.each<[string, object]>([
    ['a list for an epoch', { epochs: [[1]] }],
    ['null for an epoch', { epochs: [null] }],
    ['an epoch without a loss', { epochs: [{ epoch: 1, seconds: 1 }] }],
    ['a text for a loss', { epochs: [{ epoch: 1, seconds: 1, loss: '1' }] }],
    ['the second epoch alone', { epochs: [{ epoch: 2, seconds: 1, loss: 1 }] }],
    ['a test without a loss', { test: { accuracy: 0.5 } }],
    ['a list for a test', { test: [] }],
    ['a text for its seconds', { seconds: '1' }],
    ['samples that are none', { samples: [{ image: [1, 2], imageShape: [1, 1], truth: 0 }] }],
    ['another stage', { stage: { hash: 'b', name: 'b', seed: 0, experiments: [] } }],
    ['the states of another', { weightsHash: 'f'.repeat(64) }],
  ])('with %s are refused, even where their hash fits', async (_, changes) => {
    const directory = await temporaryFolder()
    const first = await runPlans(plans, { directory })
    const folder = join(first.result.run, 'stages', 'other')
    await rewriteMetrics(folder, changes)
    await expect(findStageModel('latest/two', { runs: directory })).rejects.toThrow(
      /(metrics\.json' is damaged|model\.gradpool' is not as it was written)$/,
    )
    const again = await runPlans(plans, { directory, resume: first.result.run, fresh: true })
    expect(warningsOf(again)).toEqual([expect.stringMatching(/; the stage is trained again$/)])
    expect(figuresOf(again)).toEqual(figuresOf(first))
  })

  it.each([
    ['result.json', (text: string) => text.replace(/"accuracy": 0\.\d+/, '"accuracy": 0.999')],
    ['result.json', (text: string) => text.replace('"run"', '"run" ')],
    ['run.json', (text: string) => text.replace('"seed": 0', '"seed": 1')],
  ])('of a run: a %s that was edited is refused', async (name, change) => {
    const { result } = await runPlans(plans)
    await edit(join(result.run, name), change)
    await expect(readRun(result.run)).rejects.toThrow(`'${join(result.run, name)}' is not as it was written`)
  })

  it('of another run are refused', async () => {
    const [one, two] = [await runPlans(plans), await runPlans(plans.slice(1))]
    const path = join(one.result.run, 'result.json')
    await copyFile(join(two.result.run, 'result.json'), path)
    await expect(readRun(one.result.run)).rejects.toThrow(`'${path}' is the result of another run`)
  })

  it('are not of lines of the log that are no events', async () => {
    const { result } = await runPlans(plans)
    await writeFile(join(result.run, 'events.jsonl'), 'null\n')
    await expect(readRun(result.run)).rejects.toThrow(/events\.jsonl' is damaged: a line is no event$/)
  })
})

describe('the store', () => {
  it('has copies: what is changed in place in a run changes nothing there, and the other way', async () => {
    const directory = await temporaryFolder()
    const first = await runPlans(plans, { directory })
    const second = await runPlans(plans, { directory })
    const folders = [
      join(directory, '.store', 'fake'),
      ...[first, second].map(({ result }) => join(result.run, 'stages')),
    ]
    for (const name of names) {
      const files = await Promise.all(folders.map((folder) => stat(join(folder, 'auto', name))))
      expect(new Set(files.map(({ ino }) => ino)).size).toBe(3)
    }
  })
})

describe('what is no file', () => {
  const places: [string, (path: string) => Promise<void>][] = [
    ['a folder', (path) => mkdir(join(path, 'inner'), { recursive: true }).then(() => undefined)],
    ['a pipe', (path) => Promise.resolve(void execFileSync('mkfifo', [path]))],
  ]

  describe.each(places)('%s', (_, make) => {
    it.each(names)('in the place of %s of a stage: it is trained again, once', async (name) => {
      const directory = await temporaryFolder()
      const { result } = await runPlans(plans, { directory })
      for (const folder of [join(result.run, 'stages', 'other'), join(directory, '.store', 'fake', 'other')]) {
        await rm(join(folder, name))
        await make(join(folder, name))
      }
      const again = await runPlans(plans, { directory, resume: result.run })
      expect(again.engine.trained).toHaveLength(1)
      expect(warningsOf(again)).toEqual([
        expect.stringMatching(/, not a file; the stage is trained again$/),
        expect.stringMatching(/, not a file; the stage is trained again$/),
      ])
      expect((await runPlans(plans, { directory, resume: result.run })).engine.trained).toEqual([])
      expect((await runPlans(plans, { directory })).engine.trained).toEqual([])
    })

    it.each(['run.json', 'events.jsonl', 'lock'])('in the place of %s: one sentence', async (name) => {
      const { result } = await runPlans(plans)
      const path = join(result.run, name)
      await rm(path, { force: true })
      await make(path)
      const attempt = runPlans(plans, { resume: result.run })
      await expect(attempt).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringContaining(`'${path}'`) as string,
      })
    })

    it('in the place of result.json: one sentence', async () => {
      const { result } = await runPlans(plans)
      const path = join(result.run, 'result.json')
      await rm(path)
      await make(path)
      await expect(readRun(result.run)).rejects.toThrow(/result\.json' is a .*, not a file$/)
      expect(await readdir(result.run)).toContain('run.json')
    })
  })
})
