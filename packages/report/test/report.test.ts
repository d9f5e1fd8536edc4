/** Reports of real runs. On the built packages, as threads and pages are. */
import { UserError } from '@gradpool/core'
import { readRecord } from '@gradpool/orchestrator'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { loadDataset } from '@gradpool/datasets'
import {
  newRunView,
  pageOf,
  plotKinds,
  plotRun,
  readFigures,
  readRunView,
  reportData,
  withEvent,
  writeReport,
  type FigureData,
  type PageData,
  type StageFigures,
} from '../src/index.js'
import { drawn } from '../src/plot.js'
import { compact } from '../src/view/compact.js'
import { smallExperiments, smallRun, type SmallRun } from '../src/testing/small-run.js'

/** What the first experiment says of itself. */
const MARKUP = '</script><img src=x onerror="document.title=1">'

let run: SmallRun
let data: ReadonlyMap<string, FigureData>

beforeAll(async () => {
  run = await smallRun(smallExperiments(MARKUP))
  data = await testData(run.directory)
})
afterAll(() => run[Symbol.asyncDispose]())

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Data in memory are not in the record of a run: as the command does, they are given. */
async function testData(directory: string): Promise<ReadonlyMap<string, FigureData>> {
  const { experiments } = await readRecord(directory)
  const configs = smallExperiments()
  const found = new Map<string, FigureData>()
  for (const { name, stages } of experiments) {
    const config = configs.find((one) => one.name === name) ?? configs[0]
    if (config === undefined) continue
    const { splits, imageShape } = await loadDataset(config.data)
    for (const { hash } of stages) if (splits.test) found.set(hash, { test: splits.test, imageShape })
  }
  return found
}

async function figuresByName(): Promise<Record<string, StageFigures>> {
  const { figures } = await readFigures(run.directory, { data })
  const view = await readRunView(run.directory)
  return Object.fromEntries(
    Object.values(view.stages).flatMap(({ hash, name }) => (figures[hash] ? [[name, figures[hash]]] : [])),
  )
}

it('has the same view of a saved run as of one that tells its events', async () => {
  const saved = await readRunView(run.directory)
  const record = await readRecord(run.directory)
  const time = new Date(Date.parse(record.started) + 1).toISOString()
  const live = run.events.reduce(
    (view, event) => withEvent(view, { ...event, time }),
    newRunView(basename(run.directory), record),
  )
  const timeless = ({ stages, seconds: _, usage: _usage, ...view }: typeof saved) => ({
    ...view,
    stages: Object.values(stages).map(({ spans: _spans, ...stage }) => stage),
  })
  expect(timeless(live)).toEqual(timeless(saved))
  expect(saved.experiments.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
  const logged = Object.values(saved.stages).flatMap((stage) => stage.logged)
  expect(logged.map(({ type, epochs }) => [type, epochs])).toEqual([
    ['image', 8],
    ['file', 8],
  ])
})

it('draws of each stage what its model can show', async () => {
  const { autoencode, classify, hash, regress } = await figuresByName()
  expect(autoencode?.reconstruction?.pairs).toHaveLength(10)
  expect(autoencode?.codes).toMatchObject({ width: 4, classes: ['0', '1', '2'] })
  expect(autoencode?.codes?.umap).toHaveLength(30)
  expect(autoencode?.walks?.walks.map(({ images }) => images.length)).toEqual([9, 9, 9, 9])
  expect(autoencode?.weights).toMatchObject({ name: 'encoder.0.weight', count: 8 })
  const { confusion = [], numExamples, calibration = [], mistakes = [] } = classify?.classification ?? {}
  expect(confusion.flat().reduce((sum, one) => sum + one, 0)).toBe(numExamples)
  expect(calibration.reduce((sum, { count }) => sum + count, 0)).toBe(30)
  const right = confusion.reduce((sum, row, at) => sum + (row[at] ?? 0), 0)
  const view = await readRunView(run.directory)
  expect(right / 30).toBeCloseTo(view.experiments[0]?.accuracy ?? NaN, 6)
  expect(mistakes).toHaveLength(Math.min(16, 30 - right))
  expect(mistakes.every(({ truth, estimate }) => truth !== estimate)).toBe(true)
  const sure = mistakes.map(({ confidence }) => confidence ?? NaN)
  expect(sure).toEqual([...sure].sort((a, b) => b - a))
  expect(hash?.hashing).toMatchObject({ bits: 8, numQueries: 15, numImages: 15 })
  expect(hash?.hashing?.withinRadius.at(-1)?.recall).toBe(1)
  expect(regress?.regression).toMatchObject({ target: 'y', numExamples: 30 })
  const counts = regress?.regression?.residuals.counts ?? []
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(30)
  const { points = [], coverage } = regress?.regression ?? {}
  const inside = points.filter(({ truth, low = NaN, high = NaN }) => low <= truth && truth <= high)
  expect(coverage).toBeCloseTo(inside.length / 30, 10)
})

it('walks from the reconstruction of one example to that of another', async () => {
  const { autoencode } = await figuresByName()
  const outputs = autoencode?.reconstruction?.pairs.map(({ output }) => output) ?? []
  const [walk] = autoencode?.walks?.walks ?? []
  expect(walk?.from).not.toBe(walk?.to)
  expect(outputs).toContain(walk?.images[0])
  expect(outputs).toContain(walk?.images.at(-1))
  expect(new Set(walk?.images).size).toBeGreaterThan(2)
})

it('makes the same figures every time, keeps them, and makes them again where they were changed', async () => {
  const stages = join(run.directory, 'stages')
  const paths = (await readdir(stages)).map((hash) => join(stages, hash, 'figures.json'))
  const first = await readFigures(run.directory, { data })
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
  await Promise.all(paths.map((path) => rm(path)))
  expect(await readFigures(run.directory, { data, workers: 1 })).toEqual(first)
  expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(texts)
  // Kept figures need no data.
  expect(await readFigures(run.directory)).toEqual(first)
  await writeFile(paths[0] ?? '', texts[0]?.replace('"image"', '"imago"') ?? '')
  const { missing } = await readFigures(run.directory)
  expect(missing).toHaveLength(1)
  expect(await readFigures(run.directory, { data })).toEqual(first)
  expect(await readFile(paths[0] ?? '', 'utf8')).toBe(texts[0])
})

it('says what is left out where the data are gone, and shows the samples that stages kept', async () => {
  const view = await readRunView(run.directory)
  const [first = '', second = ''] = view.experiments[0]?.stages ?? []
  for (const hash of [first, second]) await rm(join(run.directory, 'stages', hash, 'figures.json'))
  const { figures, missing } = await reportData([run.directory])
  const why = 'its data were in memory, and are gone'
  expect(missing).toEqual([`coded autoencode: ${why}`, `coded classify: ${why}`])
  expect(figures[first]?.reconstruction?.pairs).toHaveLength(3)
  expect(figures[second]?.samples).toHaveLength(3)
})

it('writes a page that loads nothing, and in which names are no markup', async () => {
  const path = join(run.directory, 'page.html')
  await writeReport([run.directory], path, { data })
  const inert = await readFile(path, 'utf8')
  // As in a record that somebody else made: each name is markup.
  const names = JSON.stringify(await reportData([run.directory], { data })).replace(
    /"(?:coded|hashed|fitted|autoencode|classify|loss|accuracy|y|0|1|2)"/g,
    JSON.stringify(MARKUP),
  )
  const renamed = JSON.parse(names) as PageData
  for (const page of [inert, await pageOf(renamed)]) {
    expect(page).not.toContain('<img src=x')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(page).not.toMatch(/<[^>]* (?:src|href)="(?!data:)/)
    expect(page).toContain(`default-src 'none'; img-src data:; script-src 'sha256-`)
    // Without scripts there is the table.
    expect(page).toContain('&lt;/script&gt;&lt;img src=x')
  }
  expect(drawn(renamed, 'curves', { metric: MARKUP })).toContain('&lt;img src=x onerror=&quot;')
})

it('stays small however long a run was', async () => {
  const view = await readRunView(run.directory)
  const [hash = ''] = Object.keys(view.stages)
  const stage = view.stages[hash]
  if (stage === undefined) throw new Error('the run has no stage')
  const rows = Array.from({ length: 20_000 }, (_, at) => ({ epoch: at + 1, seconds: 1, loss: 1 / (at + 1) }))
  const long = { ...view, stages: { ...view.stages, [hash]: { ...stage, rows } } }
  const kept = compact(long).stages[hash]?.rows ?? []
  expect(kept.length).toBeLessThanOrEqual(1001)
  expect([kept[0]?.epoch, kept.at(-1)?.epoch]).toEqual([1, 20_000])
  const page = await pageOf({ views: [compact(long)], figures: {}, missing: [] })
  expect(page.length).toBeLessThan(400_000)
})

it('draws every kind of figure as SVG, and as PNG', async () => {
  const folder = run.directory
  for (const kind of plotKinds) {
    const out = join(folder, `${kind}.svg`)
    await plotRun(folder, kind, { out, data, language: 'ko' })
    const svg = await readFile(out, 'utf8')
    expect(svg, kind).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+/)
    expect(svg, kind).not.toMatch(/NaN|undefined|\[object/)
  }
  const out = join(folder, 'confusion.png')
  await plotRun(folder, 'confusion', { out, data })
  const { width, height } = PNG.sync.read(await readFile(out))
  expect(width).toBeGreaterThan(200)
  expect(height).toBeGreaterThan(200)
})

it.each([
  ['nonsense', {}, /^there is no figure 'nonsense': there are curves, timeline, /],
  ['estimates', { experiment: 'coded' }, /^coded has no figure 'estimates'$/],
  ['confusion', { experiment: 'codde' }, /^.* has no experiment 'codde'$/],
  ['curves', { metric: 'acuracy' }, /^there is no curve 'acuracy': there are autoencode loss, /],
  ['curves', { out: 'curves.gif' }, /^a figure is written as \.svg or \.png, not 'curves\.gif'$/],
  ['curves', { out: '/proc/none/curves.svg' }, /^the figure cannot be written to '\/proc\/none\/curves\.svg': /],
] as const)('says in a sentence why %s %j is not drawn', async (kind, options, sentence) => {
  const drawing = plotRun(run.directory, kind, { out: join(run.directory, 'figure.svg'), data, ...options })
  await expect(drawing).rejects.toThrow(sentence)
  await expect(drawing).rejects.toBeInstanceOf(UserError)
})
