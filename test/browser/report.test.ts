/** Reports as people have them: opened from a disk, in a real browser. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pageOf, reportData, type PageData } from '@gradpool/report'
import type { Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { smallData } from '../data-folder.js'
import { gradpool, runsIn, temporaryFolder } from '../gradpool.js'
import { findChromium, open } from './chromium.js'
import { violations } from './violations.js'

const executable = (await findChromium()) ?? ''

const few = smallData()

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let page: string

beforeAll(async () => {
  folder = await temporaryFolder()
  const names = ['mnist_mlp_1p', 'mnist_auto_1', 'mnist_auto_fix']
  const cwd = folder.path
  const { stdout } = await gradpool(['run', ...names, '--epochs', '3', '--seed', '0,1', ...few], { cwd })
  const [run = ''] = await runsIn(cwd)
  page = join(cwd, 'runs', run, 'report.html')
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(`Report: ${join('runs', run, 'report.html')}`)
})
afterAll(() => folder.remove())

/** Canvases that have something on them. */
function drawnCharts(tab: Tab): Promise<number> {
  return tab.evaluate(
    () =>
      [...document.querySelectorAll('canvas')].filter((canvas) =>
        canvas
          .getContext('2d')
          ?.getImageData(0, 0, canvas.width, canvas.height)
          .data.some((value) => value > 0),
      ).length,
  )
}

it.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('has no violations, no errors and no requests, %s and %i wide', async (colorScheme, width) => {
  await using opened = await open(executable, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
  const { tab, errors } = opened
  const requests: string[] = []
  tab.on('request', (request) => requests.push(request.url()))
  await tab.goto(pathToFileURL(page).href)
  await tab.waitForSelector('.results tbody tr')
  expect(await drawnCharts(tab)).toBe(4)
  expect(await violations(tab)).toEqual([])
  expect(errors).toEqual([])
  expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(page).href])
  const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow).toBeLessThanOrEqual(0)
})

it('is switched and read by keyboard alone, under its own policy', async () => {
  await using opened = await open(executable, { viewport: { width: 1280, height: 800 } })
  const { tab, errors } = opened
  await tab.goto(pathToFileURL(page).href)
  await tab.waitForSelector('.results tbody tr')
  expect(await tab.textContent('#results h2')).toBe('Results')
  await tab.focus('input[name="Language"]:checked')
  await tab.keyboard.press('ArrowRight')
  expect(await tab.textContent('#results h2')).toBe('결과')
  expect(await tab.getAttribute('html', 'lang')).toBe('ko')
  expect(await tab.textContent('.judged')).toMatch(/정답 \d추정 \d/)
  const background = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const before = await background()
  await tab.focus('input[name="테마"]:checked')
  await tab.keyboard.press('ArrowLeft')
  expect(await tab.getAttribute('html', 'data-theme')).toBe('dark')
  expect(await background()).not.toBe(before)
  expect(errors).toEqual([])
})

it('shows the curves of the experiments that are chosen, and what they are at the pointer', async () => {
  await using opened = await open(executable, { viewport: { width: 1280, height: 800 } })
  const { tab, errors } = opened
  await tab.goto(pathToFileURL(page).href)
  const last = tab.locator('.chart').last()
  const label = () => last.locator('.plot').getAttribute('aria-label')
  expect(await label()).toContain('mnist_mlp_1p')
  await tab.locator('.choices label', { hasText: 'mnist_mlp_1p' }).click()
  expect(await label()).not.toContain('mnist_mlp_1p')
  await last.locator('.u-over').hover({ position: { x: 5, y: 40 } })
  expect(await last.locator('.readout').textContent()).toMatch(/^epoch 1mnist_auto_1 training 0\.\d{3}/)
  expect(await tab.locator('.experiment').first().locator('select option').allTextContents()).toEqual(['0', '1'])
  await tab.locator('.choices').getByText('none').click()
  await tab.locator('.choices').getByText('all').click()
  expect(await label()).toContain('mnist_mlp_1p')
  expect(errors).toEqual([])
})

it('prints curves as drawings, in light colours', async () => {
  await using opened = await open(executable, { colorScheme: 'dark', viewport: { width: 1280, height: 800 } })
  const { tab } = opened
  await tab.goto(pathToFileURL(page).href)
  await tab.waitForSelector('.results tbody tr')
  await tab.emulateMedia({ media: 'print', colorScheme: 'dark' })
  expect(await tab.locator('.chart .on-paper svg').first().isVisible()).toBe(true)
  expect(await tab.locator('.chart .plot').first().isVisible()).toBe(false)
  expect(await tab.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)')
})

it('takes markup in names as text', async () => {
  const data = await reportData([join(page, '..')])
  const bad = '<img src=x onerror="document.title=\'gone\'"></script><script>document.title=1</script>'
  const renamed = JSON.stringify(data).replace(/"(?:mnist|mnist_\w+|autoencode|classify|\d)"/g, JSON.stringify(bad))
  const file = join(folder.path, 'markup.html')
  await writeFile(file, await pageOf(JSON.parse(renamed) as PageData))
  await using opened = await open(executable, { viewport: { width: 1280, height: 800 } })
  const { tab, errors } = opened
  await tab.goto(pathToFileURL(file).href)
  await tab.waitForSelector('.results tbody tr')
  expect(await tab.locator('.results tbody th').first().textContent()).toContain(bad)
  expect(await tab.locator('img[src="x"]').count()).toBe(0)
  expect(await tab.title()).toMatch(/^Report · /)
  expect(errors).toEqual([])
})
