/** What an experiment's callback logs, where people look for it: the report on a disk, and the dashboard. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Locator, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gradpool, type Running, runsIn, start, temporaryFolder } from '../gradpool.js'
import { findChromium, open } from './chromium.js'
import { violations } from './violations.js'

const executable = (await findChromium()) ?? ''
const EPOCHS = 20
const MARKUP = '<img src=x onerror="document.title=1">'

const source = `
import { arrays, classify, defineExperiment } from 'gradpool'

const x = Float32Array.from({ length: 20000 }, (_, at) => Math.sin(at))
const label = Uint8Array.from({ length: 10000 }, (_, row) => Number(x[2 * row] > x[2 * row + 1]))
const half = Uint8Array.from({ length: 100 }, (_, at) => (at % 10 < 5 ? 0 : 200))
const data = arrays({ x: { values: x, shape: [2] }, label: { values: label, shape: [] } }, { test: 0.2, validation: 0.1 })

export default defineExperiment({
  name: 'seen',
  data,
  train: { epochs: ${EPOCHS} },
  stages: [classify({ hidden: [64, 64] })],
  onEpoch({ stage, seed, row, log }) {
    log.image('halves/grey', { values: half, shape: [10, 10] })
    log.image('large', { values: new Uint8Array(3 * 300 * 600).fill(90), shape: [300, 600, 3] })
    const rows = Array.from({ length: 40 }, (_, at) => [at, at === 0 ? ${JSON.stringify(MARKUP)} : 'row', row.loss])
    log.table(${JSON.stringify(MARKUP)}, { columns: ['row', '<b>what</b>', 'loss'], rows })
    if (row.epoch === ${EPOCHS}) {
      log.file('notes/last.txt', stage + ', seed ' + seed + '\\n<b>not bold</b>')
      log.file('bytes.bin', new Uint8Array(1000).fill(7))
      log.file('too large.bin', new Uint8Array(2 ** 20))
    }
  },
})
`

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let directory: string
let dashboard: Running
let address = ''

beforeAll(async () => {
  folder = await temporaryFolder()
  const cwd = folder.path
  await writeFile(join(cwd, 'seen.js'), source)
  const ended = await gradpool(['run', 'seen.js', '--workers', '1'], { cwd })
  expect(ended.stderr).toBe('')
  const [run = ''] = await runsIn(cwd)
  directory = join(cwd, 'runs', run)
  dashboard = start(['dashboard', '--port', '0'], { cwd })
  dashboard.child.stdout?.on('data', (text: string) => (address += text))
  await dashboard.said('\n')
  address = `${/http:\/\/[^/\s]+/.exec(address)?.[0] ?? ''}/#/run/${run}`
})
afterAll(async () => {
  dashboard.child.kill('SIGTERM')
  await dashboard.ended
  await folder.remove()
})

const report = () => pathToFileURL(join(directory, 'report.html')).href
const pages = [
  ['the report', report, '#logged'],
  ['the dashboard', () => address, 'section:has(#logged)'],
] as const

function card(tab: Tab, name: string): Locator {
  return tab.locator('.logged .card').filter({ has: tab.getByText(name, { exact: true }) })
}

/** The first pixel and the last of a row, as they are drawn. */
function endsOf(canvas: Locator): Promise<number[][]> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    const pixel = (x: number) => [...(element.getContext('2d')?.getImageData(x, 0, 1, 1).data ?? [])]
    return [pixel(0), pixel(element.width - 1)]
  })
}

it.each(pages)('shows images by epoch, tables and files in %s', async (_, url, section) => {
  await using opened = await open(executable, { viewport: { width: 1280, height: 800 } })
  const { tab, errors } = opened
  await tab.goto(url())
  await tab.locator(section).waitFor()
  const grey = card(tab, 'halves/grey')
  expect(await grey.locator('figcaption small').textContent()).toBe(`12 / ${EPOCHS} epochs shown`)
  const epochs = await grey.locator('li span').allTextContents()
  expect([epochs.length, epochs[0], epochs.at(-1)]).toEqual([12, 'epoch 1', `epoch ${EPOCHS}`])
  const canvas = grey.locator('canvas').last()
  expect(await canvas.getAttribute('aria-label')).toBe(`halves/grey, epoch ${EPOCHS}`)
  expect(await endsOf(canvas)).toEqual([
    [0, 0, 0, 255],
    [200, 200, 200, 255],
  ])
  expect(await card(tab, 'large').locator('li small').last().textContent()).toBe('smaller than logged: 300 × 600')
  const table = card(tab, MARKUP)
  expect(await table.locator('table').first().locator('th').allTextContents()).toEqual(['row', '<b>what</b>', 'loss'])
  expect(await table.locator('td').nth(1).textContent()).toBe(MARKUP)
  expect(await table.locator('.note').first().textContent()).toBe('30 / 40 rows')
  expect(await table.locator('details').count()).toBe(3)
  const files = tab.locator('.files')
  await files.getByText('Show the text').click()
  expect(await files.locator('pre').textContent()).toBe('classify, seed 0\n<b>not bold</b>')
  const coming = tab.waitForEvent('download')
  await files.getByRole('link', { name: 'bytes.bin' }).click()
  const download = await coming
  expect(download.suggestedFilename()).toBe('bytes.bin')
  expect(await readFile(await download.path())).toEqual(Buffer.alloc(1000, 7))
  expect(await files.getByText('too large.bin').textContent()).toMatch(/^too large\.bin epoch 20, 1\.0 MB; too large/)
  expect(await tab.locator('img[src="x"], .logged b').count()).toBe(0)
  expect(await tab.title()).not.toBe('1')
  expect(errors).toEqual([])
})

const windows = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const

it.each(pages.flatMap(([name, url, section]) => windows.map((window) => [name, ...window, url, section] as const)))(
  'has no violations and no overflow in %s, %s and %i wide',
  async (_, colorScheme, width, url, section) => {
    await using opened = await open(executable, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
    const { tab, errors } = opened
    await tab.goto(url())
    await tab.locator(section).waitFor()
    expect(await violations(tab)).toEqual([])
    expect(await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(errors).toEqual([])
  },
)

it('keeps the page small, and says it in Korean', async () => {
  expect((await stat(join(directory, 'report.html'))).size).toBeLessThan(3_000_000)
  await using opened = await open(executable, { viewport: { width: 1280, height: 800 } })
  const { tab } = opened
  await tab.goto(report())
  await tab.getByText('한국어').click()
  expect(await tab.textContent('#logged h2')).toBe('기록')
  expect(await card(tab, 'halves/grey').locator('li span').first().textContent()).toBe('에폭 1')
})

it('shows what is logged while a run goes on, and what the machine is used for', async () => {
  const cwd = folder.path
  const running = start(['run', 'seen.js', '--epochs', '5000', '--workers', '1', '--fresh', '--no-report'], { cwd })
  await running.said('Epoch 3')
  const run = (await runsIn(cwd)).at(-1) ?? ''
  await using opened = await open(executable, { viewport: { width: 1280, height: 800 } })
  const { tab, errors } = opened
  await tab.goto(address.replace(/[^/]+$/, run))
  const last = async () =>
    Number(/\d+/.exec((await tab.locator('.strip').first().locator('span').last().textContent()) ?? '')?.[0])
  await tab.locator('.strip').first().waitFor()
  const before = await last()
  await expect.poll(last).toBeGreaterThan(before + 3)
  const timeline = tab.locator('svg[aria-label^="Where the time went"]')
  await expect.poll(() => timeline.getAttribute('aria-label')).toMatch(/CPU at most \d+\.\d cores; memory at most \d/)
  expect(errors).toEqual([])
  running.child.kill('SIGINT')
  await running.ended
})
