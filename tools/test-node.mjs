// Tests on several versions of Node, of which npm has packages: those of the engines, of what they are made of and of
// what trains on them. A version is fetched once, into the cache.
//
//   npm run test:node                    on all of node-versions.mjs; for each, the newest that there is of it
//   npm run test:node -- 22 24           on these
//   npm run test:node -- 24 --all        all unit tests
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '@gradpool/storage'
import { environment, root, tool } from './environment.mjs'
import { NODE_VERSIONS } from './node-versions.mjs'

const PACKAGES = ['core', 'engine-cpu', 'engine-tensorflow', 'worker-pool', 'trainer']

const asked = process.argv.slice(2)
const isAll = asked.includes('--all')
const named = asked.filter((each) => each !== '--all')
const versions = named.length === 0 ? NODE_VERSIONS : named
const wrong = versions.find((each) => !/^\d+(\.\d+){0,2}$/.test(each))
if (wrong !== undefined) {
  console.error(`'${wrong}' is no version of Node`)
  process.exit(2)
}

/** No test is to fail for the speed of a version, or of a machine that others use: this is for what never ends. */
const HANGS_MS = 120_000

/** npm's packages of Node are one for each system. */
const systemPackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

function npm(...args) {
  return execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    timeout: 300_000,
  })
}

/** The newest version that begins so: npm says one, or several in no order. */
function newest(version) {
  const listed = JSON.parse(npm('view', `${systemPackage}@${version}`, 'version', '--json'))
  const numbers = (text) => text.split('.').map(Number)
  const [found] = [listed].flat().sort((one, other) => {
    const [a, b] = [numbers(one), numbers(other)]
    return b[0] - a[0] || b[1] - a[1] || b[2] - a[2]
  })
  return found
}

function fetched(version) {
  const wanted = `${systemPackage}@${newest(version)}`
  const folder = join(cacheFolder(), 'test-packages', wanted)
  if (!existsSync(folder)) {
    mkdirSync(join(folder, '..'), { recursive: true })
    const draft = mkdtempSync(`${folder}-`)
    try {
      npm('install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', draft, wanted)
      renameSync(draft, folder)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return join(folder, 'node_modules', systemPackage, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

const TENSORFLOW = `
  import { tensorflowEngine } from '@gradpool/engine-tensorflow'
  const engine = await tensorflowEngine()
  await engine.dispose()`

/** Why this Node cannot load TensorFlow, whose tests would be left out without a word; '' where it can. */
function whyNoTensorFlow(program) {
  const args = ['--input-type=module', '--eval', TENSORFLOW]
  const { status, signal, stderr } = spawnSync(program, args, {
    cwd: join(root, 'test'),
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (status === 0) return ''
  const lines = stderr.split('\n').map((line) => line.trim())
  const cause = lines.find((line) => line.startsWith('[cause]: '))
  return (
    cause?.replace('[cause]: ', '') ??
    lines.find((line) => /^\w*Error\b/.test(line)) ??
    `it ended with ${status ?? signal}`
  )
}

function test(program, hasTensorFlow) {
  const report = join(root, 'test-output', 'results.json')
  rmSync(report, { force: true })
  const folders = isAll ? [] : PACKAGES.map((name) => `packages/${name}/`)
  const args = [tool('vitest'), 'run', '--config', 'vitest.units.mjs', `--testTimeout=${HANGS_MS}`, ...folders]
  const env = hasTensorFlow ? environment : { ...environment, GRADPOOL_SKIP_TENSORFLOW: '1' }
  const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' })
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ numPassed: 0, numFailed: 1, notes: [error.message] }))
    child.on('close', (code) => {
      const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
      const { numPassedTests: numPassed = 0, numFailedTests = 0, numPendingTests: numSkipped = 0 } = counts
      resolve({ numPassed, numFailed: Math.max(numFailedTests, code === 0 ? 0 : 1), numSkipped })
    })
  })
}

const rows = []
for (const version of versions) {
  const started = performance.now()
  const row = { asked: version, version: '', numPassed: 0, numFailed: 1, numSkipped: 0, seconds: 0, notes: [] }
  try {
    const program = fetched(version)
    row.version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
    console.log(`\n── Node ${row.version}`)
    const why = whyNoTensorFlow(program)
    if (why !== '') row.notes.push(`TensorFlow SKIPPED: ${why}`)
    Object.assign(row, await test(program, why === ''))
  } catch (error) {
    row.notes.push(String(error).split('\n')[0])
  }
  row.seconds = Math.round((performance.now() - started) / 1000)
  rows.push(row)
}
console.log('')
for (const { asked: of, version, numPassed, numFailed, numSkipped, seconds, notes } of rows) {
  const counts = `${numPassed} passed, ${numFailed} failed, ${numSkipped} skipped`
  console.log([`Node ${version || of}: ${counts}, ${seconds} s`, ...notes].join('; '))
}
const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
console.log(`\n${sum('numPassed')} passed, ${sum('numFailed')} failed`)
process.exitCode = sum('numFailed') > 0 || sum('numPassed') === 0 ? 1 : 0
