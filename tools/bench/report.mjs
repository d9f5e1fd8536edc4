// The page of the report's six experiments, trained whole: how long it takes to write, with its figures made anew and
// with those that are kept; how large it is; and when Chromium first paints it, opened from a disk. Prints a line for
// each, the median and the range of five; docs/report.md has them.
//
//   npm run bench:report
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { root } from '../environment.mjs'
import { findChromium } from '../find-program.mjs'

const TIMES = 5
const command = join(root, 'packages/gradpool/bin/gradpool.js')
const cwd = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
const page = join(cwd, 'page.html')

function gradpool(...args) {
  const { status, stderr } = spawnSync(process.execPath, [command, ...args], { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`gradpool ${args.join(' ')} ended with ${status}: ${stderr}`)
}

function tell(what, values, unit) {
  const sorted = values.toSorted((a, b) => a - b)
  const [least, median, most] = [0, TIMES >> 1, TIMES - 1].map((at) => sorted[at].toFixed(2))
  console.log(`${what}: ${median} ${unit} (${least} to ${most})`)
}

/** Seconds of each of several times. */
function timed(before) {
  return Array.from({ length: TIMES }, () => {
    before()
    const began = performance.now()
    gradpool('report', 'latest', '--out', page)
    return (performance.now() - began) / 1000
  })
}

async function firstPaints() {
  const paints = []
  for (let i = 0; i < TIMES; i++) {
    const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] })
    const tab = await browser.newPage()
    await tab.goto(pathToFileURL(page).href)
    await tab.waitForSelector('.results tbody tr')
    paints.push(
      await tab.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN),
    )
    await browser.close()
  }
  return paints.map((ms) => ms / 1000)
}

try {
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}\n`)
  gradpool('run', 'report', '--no-report', '--quiet')
  const forget = () => {
    for (const path of readdirSync(cwd, { recursive: true })) if (path.endsWith('figures.json')) rmSync(join(cwd, path))
  }
  tell('written, with figures made anew', timed(forget), 's')
  tell(
    'written, with figures that are kept',
    timed(() => undefined),
    's',
  )
  console.log(`size: ${(statSync(page).size / 1e6).toFixed(2)} MB`)
  tell('first paint', await firstPaints(), 's')
} finally {
  rmSync(cwd, { recursive: true, force: true })
}
