/** The page of a queue, in a real browser: a real server, workers and runs in processes of their own. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page as Tab } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, start } from '../gradpool.js'
import { redisForAll } from '../queue/servers.js'
import { startWorker } from '../queue/worker-process.js'
import { findChromium, open } from './chromium.js'
import { pageAt, startDashboard, stopDashboard } from './dashboard.js'
import { violations } from './violations.js'

const executable = (await findChromium()) ?? ''
const password = `secret-${randomBytes(8).toString('hex')}`
const redis = redisForAll({ password, appendOnly: true })
const few = smallData()

/** Running, waiting, failed, machines. */
async function tilesOf(tab: Tab): Promise<string> {
  return (await tab.locator('.tiles dd').allTextContents()).join(' ')
}

/** Of the first that runs. */
async function stepIn(tab: Tab): Promise<number> {
  const text = await tab.locator('.jobs .count').first().textContent({ timeout: 1000 })
  return Number(text?.split('/')[0]?.replaceAll(',', ''))
}

async function isWellMade(tab: Tab): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.emulateMedia({ colorScheme })
    for (const width of [1280, 390]) {
      await tab.setViewportSize({ width, height: 800 })
      expect([colorScheme, width, await violations(tab)]).toEqual([colorScheme, width, []])
      const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect([width, Math.max(0, overflow)]).toEqual([width, 0])
    }
  }
}

/** Of all processes but the server's own. */
async function processList(): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'], { maxBuffer: 2 ** 24 })
  const lines = stdout.split('\n').filter((line) => !line.includes('redis-server'))
  return lines.join('\n')
}

/** The texts of all files of a folder that are no models and no data. */
async function textsIn(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true })
  const texts = names.filter((name) => /\.(?:json|jsonl|log|html)$/.test(name)).map((name) => join(folder, name))
  return (await Promise.all(texts.map((path) => readFile(path, 'utf8')))).join('\n')
}

it('shows what waits, runs and failed and who works, as it changes, and a server that is gone', async () => {
  const cwd = await emptyFolder()
  const secret = await emptyFolder()
  const address = `redis://127.0.0.1:${redis().port}`
  const [env, file] = [{ GRADPOOL_QUEUE: redis().url }, join(secret, 'address')]
  await writeFile(file, redis().url)
  const worker = () => startWorker(['--workers', '1', '--lock-seconds', '5'], { cwd, env })
  const one = await worker()
  const late = ['run', 'mnist_mlp_1p', '--epochs', '200000', '--job-minutes', '0.01', ...few, '--queue', address]
  const failed = await gradpool(late, { cwd, env })
  expect(failed.code).not.toBe(0)
  const submitted = start(
    ['run', 'mnist_mlp_all', '--epochs', '200000', '--seed', '0,1,2', ...few, '--queue', address],
    { cwd, env },
  )
  onTestFinished(async () => {
    submitted.child.kill('SIGINT')
    await submitted.ended
  })
  // As from a terminal in which nothing has the password but a file.
  const dashboard = await startDashboard(['--queue', address, '--queue-file', file], { cwd })
  onTestFinished(() => stopDashboard(dashboard))
  await using opened = await open(executable, { viewport: { width: 1280, height: 800 }, bypassCSP: true })
  const { tab, errors } = opened
  const answers: Promise<string>[] = []
  tab.on('response', (response) => {
    if (response.url().includes('/api/queue')) answers.push(response.text().catch(() => ''))
  })

  await tab.goto(pageAt(dashboard, ''))
  await tab.getByRole('link', { name: 'Queue' }).click()
  await expect.poll(() => tilesOf(tab)).toBe('1 2 1 1')
  expect(await tab.locator('.machines').textContent()).toContain(hostname())
  await expect.poll(() => tab.locator('.machines').textContent()).toContain('classify, seed 0')
  expect(await tab.locator('.jobs').nth(1).textContent()).toMatch(
    /classifymnist_mlp_all1.* ago.*classifymnist_mlp_all2/,
  )
  expect(await tab.locator('.jobs').nth(2).textContent()).toContain('it took longer than 0.6 seconds')
  await expect.poll(() => stepIn(tab)).toBeGreaterThan(0)
  const early = await stepIn(tab)
  await expect.poll(() => stepIn(tab)).toBeGreaterThan(early)
  expect(await tab.locator('.jobs tbody tr').first().textContent()).toContain(hostname())
  await isWellMade(tab)
  await worker()
  await expect.poll(() => tilesOf(tab)).toBe('2 1 1 2')
  expect(errors).toEqual([])

  await redis().process().kill()
  const gone = tab.getByRole('alert')
  await expect
    .poll(() => gone.allTextContents())
    .toEqual([`There is no Redis at ${address}: the connection was refused.Try again`])
  expect(await tilesOf(tab)).toBe('2 1 1 2')
  expect(await tab.locator('main > .note').textContent()).toContain('As of')
  await isWellMade(tab)
  await tab.reload()
  await gone.waitFor()
  expect(await tab.locator('.tiles').count()).toBe(0)
  // The rest of the dashboard is as it was.
  await tab.getByRole('link', { name: 'Runs' }).click()
  await tab.locator('.runs tbody tr').first().waitFor()
  await tab.getByRole('link', { name: 'Queue' }).click()
  await gone.waitFor()

  await redis().restart()
  await expect.poll(() => tilesOf(tab), { timeout: 60_000 }).toBe('2 1 1 2')
  await expect.poll(() => gone.count()).toBe(0)
  const again = await stepIn(tab)
  await expect.poll(() => stepIn(tab)).toBeGreaterThan(again)
  // What the browser says of answers that are errors.
  expect(errors.filter((error) => !error.includes('503'))).toEqual([])

  // Resumed over the queue, whose password the dashboard has from a file.
  const state = tab.locator('.state-line .pill')
  await tab.getByRole('link', { name: 'Runs' }).click()
  await tab.locator('.runs tbody tr').filter({ hasText: 'mnist_mlp_all' }).getByRole('link').click()
  await tab.getByRole('button', { name: 'Stop' }).click()
  await expect.poll(() => state.textContent(), { timeout: 60_000 }).toBe('stopped')
  await tab.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(() => state.textContent(), { timeout: 60_000 }).toBe('running')
  const run = tab.url()
  await tab.getByRole('link', { name: 'Queue' }).click()
  await expect.poll(() => tilesOf(tab), { timeout: 60_000 }).toBe('2 1 1 2')

  one.child.kill('SIGTERM')
  await expect.poll(() => tilesOf(tab)).toBe('1 2 1 1')
  const seen = [await tab.content(), ...(await Promise.all(answers)), await processList()]
  await tab.goto(run)
  await tab.getByRole('button', { name: 'Stop' }).click()
  await expect.poll(() => state.textContent(), { timeout: 60_000 }).toBe('stopped')
  await stopDashboard(dashboard)
  const ends = await Promise.all([one.ended, submitted.ended, dashboard.running.ended])
  const logs = [failed, ...ends].map(({ stdout, stderr }) => stdout + stderr)
  const all = [...seen, ...logs, await textsIn(join(cwd, 'runs'))].join('\n')
  expect(all).toContain(address)
  expect(all).not.toContain(password)
}, 300_000)
