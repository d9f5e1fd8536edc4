// Pictures of the pages that people look at, of runs that are made for them: what is drawn is looked at before it is
// published.
//
//   npm run screenshots [-- folder]      default: test-output/screenshots
//
// A Chromium is taken from CHROMIUM or from PATH; `npm run test:browser` says how one is got.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { root } from '../environment.mjs'

const [what, to = join(root, 'test-output', 'screenshots')] = process.argv.slice(2)
const command = join(root, 'packages/gradpool/bin/gradpool.js')
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function findChromium() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
  return process.env.CHROMIUM ?? found
}

const desktop = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 }
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

function start(args, cwd) {
  return spawn(process.execPath, [command, ...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
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

async function dashboard() {
  const cwd = await mkdtemp(join(tmpdir(), 'gradpool-screenshots-'))
  const children = []
  try {
    await finish(start(['run', 'mnist_mlp_1p', 'mnist_mlp_all', '--epochs', '12', '--seed', '0,1,2'], cwd))
    await finish(start(['run', 'mnist_auto_1', 'mnist_mlp_all', '--epochs', '8', '--seed', '0,1,2'], cwd))
    const [first, second] = (await readdir(join(cwd, 'runs'))).filter((name) => !name.startsWith('.')).sort()
    await finish(start(['runs', 'tag', first, 'baseline'], cwd))
    const live = start(['run', 'mnist_mlp_all', 'mnist_mlp_1p', '--epochs', '400', '--seed', '0,1'], cwd)
    live.stdout.resume()
    const served = start(['dashboard', '--port', '0'], cwd)
    children.push(live, served)
    const address = await addressOf(served)
    served.stdout.resume()
    const running = await runningOf(address)
    const both = [first, second].map((run) => `run=${run}%2Fmnist_mlp_all`).join('&')
    const shots = [
      ['runs', '', desktop, 'light', '.sparkline'],
      ['runs-dark', '', desktop, 'dark', '.sparkline'],
      ['runs-phone', '', phone, 'light', '.sparkline'],
      ['run-live', `run/${running}`, desktop, 'light', '.chart canvas'],
      ['run-live-dark', `run/${running}`, desktop, 'dark', '.chart canvas'],
      ['run-done', `run/${second}`, desktop, 'light', '.chart canvas', showFigures],
      ['run-phone', `run/${running}`, phone, 'dark', '.chart canvas'],
      ['run-korean', `run/${second}`, { ...desktop, locale: 'ko' }, 'light', '.chart canvas'],
      ['compare', `compare?${both}`, desktop, 'light', '.by-seed tbody tr'],
      ['draw', 'draw', desktop, 'light', '.pad canvas', drawSeven],
      ['draw-dark', 'draw', desktop, 'dark', '.pad canvas', drawSeven],
      ['draw-phone', 'draw', phone, 'light', '.pad canvas', drawSeven],
      ['empty', '?search=nothing', desktop, 'light', '.empty'],
    ]
    const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] })
    try {
      await mkdir(to, { recursive: true })
      for (const [name, hash, device, colorScheme, shown, act] of shots) {
        const context = await browser.newContext({ ...device, colorScheme })
        const tab = await context.newPage()
        await tab.goto(`${address}/#/${hash}`)
        await tab.locator(shown).first().waitFor({ timeout: 60_000 })
        await act?.(tab)
        // What moves comes to rest.
        await tab.waitForTimeout(800)
        await tab.screenshot({ path: join(to, `${name}.png`), fullPage: true })
        await context.close()
      }
    } finally {
      await browser.close()
    }
  } finally {
    for (const child of children) child.kill('SIGINT')
    await Promise.all(children.map((child) => child.exitCode ?? once(child, 'close')))
    await rm(cwd, { recursive: true, force: true, maxRetries: 5 })
  }
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
  await tab.locator('.verdict b').waitFor()
}

const known = { dashboard }
if (!Object.hasOwn(known, what)) throw new Error(`there are pictures of ${Object.keys(known).join(', ')}`)
await known[what]()
console.log(resolve(to))
