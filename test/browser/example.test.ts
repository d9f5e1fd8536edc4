/// <reference lib="dom" />
/** The page of `examples/browser`, built, from a host that sends no headers of its own. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Page as Tab } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { findChromium, open, type Opened } from './chromium.js'
import { serve } from './served.js'

const example = join(import.meta.dirname, '../../examples/browser')
const pictures = join(import.meta.dirname, '../test-output')
let executable = ''

const run = promisify(execFile)

beforeAll(async () => {
  executable = (await findChromium()) ?? ''
  await mkdir(pictures, { recursive: true })
  const vite = join(dirname(createRequire(join(example, 'package.json')).resolve('vite/package.json')), 'bin/vite.js')
  await run(process.execPath, ['prepare.mjs'], { cwd: example })
  // As from a shell: what is built by a test would be for tests.
  const env = { ...process.env, NODE_ENV: 'production' }
  await run(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: example, env })
})

const ready = (tab: Tab) => tab.getByText('Ready.', { exact: true }).waitFor()

async function train(tab: Tab, name: RegExp, workers?: number): Promise<void> {
  await tab.getByRole('radio', { name }).check()
  if (workers !== undefined) await tab.getByLabel('Web Workers').fill(String(workers))
  await tab.getByRole('button', { name: 'Train' }).click()
  await tab.getByText(/^Equal: every bit|^They differ/).waitFor({ timeout: 100_000 })
  expect(await tab.locator('#equal').textContent()).toBe('Equal: every bit of every weight.')
}

/** A seven. */
async function draw(tab: Tab): Promise<void> {
  const pad = tab.locator('#pad')
  await pad.scrollIntoViewIfNeeded()
  const box = await pad.boundingBox()
  if (!box) throw new Error('there is nothing to draw on')
  const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const
  await tab.mouse.move(...at(0.3, 0.25))
  await tab.mouse.down()
  await tab.mouse.move(...at(0.7, 0.25), { steps: 8 })
  await tab.mouse.move(...at(0.45, 0.85), { steps: 8 })
  await tab.mouse.up()
  await tab.getByText('It is a 7, says the network').waitFor()
}

/** Bytes of what was loaded of the folder that is served, compressed, without the data. */
function weigh({ tab }: Opened, folder: string): () => number {
  const loaded = new Set<string>()
  tab.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (response.ok() && !pathname.endsWith('/mnist.bin')) loaded.add(pathname.replace(/\/$/, '/index.html'))
  })
  return () =>
    [...loaded].reduce((sum, path) => sum + gzipSync(readFileSync(join(folder, path)), { level: 9 }).length, 0)
}

it('trains both networks to the bits of Node, and knows a digit that is drawn', async () => {
  await using served = await serve(join(example, 'dist'), { isIsolated: false })
  await using opened = await open(executable, { viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
  const { tab, errors } = opened
  const bytes = weigh(opened, join(example, 'dist'))
  await tab.goto(served.url)
  await ready(tab)
  expect(await tab.locator('#device').textContent()).toContain('This page is isolated')
  await train(tab, /Digits/, 4)
  await draw(tab)
  await train(tab, /Autoencoder/, 2)
  await tab.screenshot({ path: join(pictures, 'example-desktop.png'), fullPage: true })
  expect(bytes()).toBeGreaterThan(100_000)
  expect(bytes()).toBeLessThan(250_000)
  expect(errors).toEqual([])
})

it('fits on a phone, in the dark, and can be stopped', async () => {
  await using served = await serve(join(example, 'dist'), { isIsolated: false })
  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }
  await using opened = await open(executable, { ...phone, colorScheme: 'dark' })
  const { tab, errors } = opened
  await tab.goto(served.url)
  await ready(tab)
  await tab.getByRole('radio', { name: /Autoencoder/ }).check()
  await tab.getByRole('button', { name: 'Train' }).tap()
  await tab.getByText(/^Step/).waitFor()
  await tab.getByRole('button', { name: 'Stop' }).tap()
  await tab.getByText('Stopped.').waitFor()
  await train(tab, /Digits/)
  await draw(tab)
  const [width, shown] = await tab.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return [scrollWidth, clientWidth]
  })
  expect(width).toBe(shown)
  await tab.screenshot({ path: join(pictures, 'example-phone.png'), fullPage: true })
  expect(errors).toEqual([])
})

it('has controls that can be named and reached by keys', async () => {
  await using served = await serve(join(example, 'dist'), { isIsolated: false })
  await using opened = await open(executable)
  const { tab } = opened
  await tab.goto(served.url)
  await ready(tab)
  const names: string[] = []
  for (let i = 0; i < 6; i++) {
    await tab.keyboard.press('Tab')
    names.push(
      await tab.evaluate(() => {
        const active = document.activeElement as HTMLInputElement | HTMLButtonElement | null
        return (active?.labels?.[0] ?? active)?.textContent.trim().replace(/\s+/g, ' ') ?? ''
      }),
    )
  }
  expect(names.slice(0, 5)).toEqual([
    'Digits mnist_mlp_all, 784-10-10: which digit an image shows',
    'Web Workers',
    'Train',
    'Take a test image',
    'Clear',
  ])
  await tab.getByRole('button', { name: 'Take a test image' }).press('Enter')
  const pictured = await tab.evaluate(() => {
    const seen = document.querySelector<HTMLCanvasElement>('#seen')
    return seen
      ?.getContext('2d')
      ?.getImageData(0, 0, 28, 28)
      .data.some((value, i) => i % 4 === 0 && value > 0)
  })
  expect(pictured).toBe(true)
})

it('works without a net after the first load', async () => {
  const served = await serve(join(example, 'dist'), { isIsolated: false })
  await using opened = await open(executable)
  const { tab, errors } = opened
  await tab.goto(served.url)
  await ready(tab)
  await tab.waitForFunction(async () => (await (await caches.open((await caches.keys())[0] ?? '')).keys()).length > 8)
  await served[Symbol.asyncDispose]()
  await tab.reload()
  await ready(tab)
  await train(tab, /Digits/)
  expect(errors).toEqual([])
})

it('trains in one thread where the page cannot be isolated', async () => {
  await using served = await serve(join(example, 'dist'), { isIsolated: false })
  await using opened = await open(executable, { serviceWorkers: 'block' })
  const { tab, errors } = opened
  await tab.goto(served.url)
  await ready(tab)
  expect(await tab.locator('#device').textContent()).toContain('it trains in one thread')
  await train(tab, /Digits/)
  expect(errors).toEqual([])
})
