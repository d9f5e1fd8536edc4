import { adam } from '@gradpool/core'
import { arrays, loadDataset } from '@gradpool/datasets'
import { wasmEngine } from '@gradpool/engine-cpu'
import { autoencode, classify, defineExperiment, planExperiment } from '@gradpool/experiments'
import { runExperiments } from '@gradpool/orchestrator'
import { writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Drawn, ModelList } from '../api.js'
import { type Dashboard, startDashboard } from '../server/start-dashboard.js'
import { temporaryFolder } from '../testing/made-run.js'
import { indexOf } from './image-models.js'

const SIDE = 28
const COUNT = 60
const CLASSES = 3
const folder = temporaryFolder()
let dashboard: Dashboard
let run = ''
const searched: { index: string; pixels: number }[] = []

/** A bar in one of three rows of an image, which is the class. */
function barOf(label: number): number[] {
  const isInk = (x: number, y: number) => x > 5 && x < 22 && Math.floor(y / 3) === 1 + 3 * label
  return Array.from({ length: SIDE ** 2 }, (_, at) => (isInk(at % SIDE, Math.floor(at / SIDE)) ? 255 : 0))
}

beforeAll(async () => {
  const labels = Array.from({ length: COUNT }, (_, at) => at % CLASSES)
  const data = arrays(
    {
      image: { values: Uint8Array.from(labels.flatMap(barOf)), shape: [SIDE, SIDE] },
      label: { values: Uint8Array.from(labels), shape: [] },
    },
    { test: 0.2 },
  )
  const train = { optimizer: adam({ learningRate: 0.01 }), batchSize: 10, epochs: 6 }
  const encoder = { encoder: [8], decoder: [SIDE ** 2], codeActivation: 'linear' } as const
  const bars = defineExperiment({
    name: 'bars',
    data,
    train,
    stages: [autoencode(encoder), classify({ hidden: [16] })],
  })
  const engine = await wasmEngine()
  const dataset = await loadDataset(data, { allocate: engine.allocate })
  const trained = await runExperiments([planExperiment(bars, { dataset, seed: 0 })], {
    engine,
    workers: 1,
    directory: folder.path,
  })
  await trained.result
  await engine.dispose()
  run = basename(trained.directory)
  dashboard = await startDashboard({
    runs: dirname(trained.directory),
    port: 0,
    neighbours(index, { pixels }) {
      searched.push({ index, pixels: pixels.length })
      return Promise.resolve([{ image: { height: 1, width: 1, pixels: [255] }, label: '1', distance: 2 }])
    },
  })
})
afterAll(async () => {
  await dashboard.close()
  await folder.remove()
})

async function models() {
  return ((await (await fetch(`${dashboard.address}/api/models`)).json()) as ModelList).models
}

async function draw(id: string, picture: object): Promise<{ readonly status: number; readonly drawn: Drawn }> {
  const response = await fetch(`${dashboard.address}/api/models/${id}/draw`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(picture),
  })
  return { status: response.status, drawn: (await response.json()) as Drawn }
}

it('tells the models of runs, and what each makes of a drawing', async () => {
  const [code, bars] = await models()
  expect(code).toMatchObject({
    title: 'bars / autoencode',
    run,
    shape: [28, 28, 1],
    hasClasses: false,
    hasReconstruction: true,
  })
  expect(code?.indexCommand).toMatch(
    /^npx gradpool index build \S+\/bars\/autoencode --runs \S+ --out \S+model\.index$/,
  )
  expect(bars).toMatchObject({ title: 'bars / classify', classes: null, hasClasses: true, hasReconstruction: false })
  // Dark on bright and of another size: it is made as those of MNIST are.
  const pixels = Array.from({ length: 56 * 56 }, (_, at) => (at % 56 > 8 && Math.floor(at / 56) === 40 ? 0 : 255))
  const { status, drawn } = await draw(bars?.id ?? '', { height: 56, width: 56, pixels })
  expect(status).toBe(200)
  expect(drawn.shown.pixels).toHaveLength(784)
  expect(Math.max(...drawn.shown.pixels)).toBe(255)
  expect(drawn.classes).toHaveLength(CLASSES)
  expect(drawn.classes?.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5)
  expect([...(drawn.classes ?? [])].sort((a, b) => b.probability - a.probability)).toEqual(drawn.classes)
  const other = await draw(code?.id ?? '', { height: 28, width: 28, pixels: barOf(1) })
  expect(other.drawn.reconstruction?.pixels).toHaveLength(784)
  expect(other.drawn.classes).toBeUndefined()
  expect(other.drawn.neighbours).toBeUndefined()
})

it('asks the index beside a model for neighbours', async () => {
  const [code] = await models()
  const out = /--out (\S+)$/.exec(code?.indexCommand ?? '')?.[1] ?? ''
  expect(out).toBe(indexOf(out.replace('.index', '.gradpool')))
  writeFileSync(out, '')
  const [now] = await models()
  expect(now).toMatchObject({ hasNeighbours: true, indexCommand: null })
  const { drawn } = await draw(code?.id ?? '', { height: 28, width: 28, pixels: barOf(2) })
  expect(drawn.neighbours).toEqual([{ image: { height: 1, width: 1, pixels: [255] }, label: '1', distance: 2 }])
  expect(searched).toEqual([{ index: out, pixels: 784 }])
})

it('refuses what is no drawing, and one that shows nothing', async () => {
  const [model] = await models()
  const id = model?.id ?? ''
  const pixels = Array.from({ length: 784 }, () => 0)
  expect(await draw(id, { height: 28, width: 28, pixels })).toMatchObject({
    status: 400,
    drawn: { error: 'the drawing shows nothing but one shade of grey' },
  })
  for (const wrong of [
    {},
    { height: 28, width: 28, pixels: [1] },
    { height: 28, width: 28, pixels: [...pixels.slice(1), 256] },
    { height: 1e9, width: 1, pixels },
  ]) {
    expect((await draw(id, wrong)).status).toBe(400)
  }
  expect((await draw('none', { height: 28, width: 28, pixels })).status).toBe(404)
})
