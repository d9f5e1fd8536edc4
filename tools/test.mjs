// Everything that must hold before a change is merged. Checks run two at a time, each printed when it ends; then the
// tests, their output as it comes. At the end, each failure has a line, and the last line is `N passed, N failed`: the
// tests of all Vitest runs, and one failure for each other step that failed.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { environment, root, tool } from './environment.mjs'

const failures = []
let numPassed = 0
const children = new Set()

/** Runs a program of Node's to its end; where its output is not shown as it comes, it is in what this returns. */
function run(args, { isShown, cwd = root }) {
  const started = performance.now()
  return new Promise((resolve) => {
    const stdio = isShown ? 'inherit' : ['ignore', 'pipe', 'pipe']
    const child = spawn(process.execPath, args, { cwd, env: environment, stdio })
    children.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => (output += text))
    }
    const end = (ok) => resolve({ ok, output, took: `${Math.round((performance.now() - started) / 1000)} s` })
    child.on('error', () => end(false))
    child.on('close', (code) => {
      children.delete(child)
      end(code === 0)
    })
  })
}

async function check(title, args) {
  const { ok, output, took } = await run(args, { isShown: false })
  const shown = output.trim() === '' ? '' : `${output.trimEnd()}\n`
  process.stdout.write(`\n── ${title}${ok ? '' : ' failed'}, ${took}\n${shown}`)
  if (!ok) failures.push(`${title}: ${firstError(output)}`)
  return ok
}

/** The first line that tells of an error; ESLint and remark have the file in a line of its own, before it. */
function firstError(output) {
  const lines = linesOf(output)
  const at = Math.max(
    lines.findIndex((line) => /\berror\b/i.test(line)),
    0,
  )
  const file = /^\d+:\d+\s/.test(lines[at] ?? '') ? lines.slice(0, at).findLast((line) => !/^\d+:\d+\s/.test(line)) : ''
  return `${file ? `${relative(root, file)}:` : ''}${lines[at] ?? 'it ended without a message'}`
}

const linesOf = (text) =>
  stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Runs the tests of a Vitest configuration, and takes what its JSON reporter left. */
async function test(title, cwd, args) {
  const report = join(cwd, 'test-output', 'results.json')
  rmSync(report, { force: true })
  process.stdout.write(`\n── ${title}\n`)
  const { ok, took } = await run([tool('vitest'), 'run', ...args], { isShown: true, cwd })
  process.stdout.write(`── ${title}, ${took}\n`)
  const { numPassedTests = 0, testResults = [] } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
  numPassed += numPassedTests
  const failed = testResults.flatMap(failuresIn)
  if (!ok && failed.length === 0) failed.push(`${title}: failed, see above`)
  failures.push(...failed)
}

function failuresIn({ name, status, message, assertionResults }) {
  const file = relative(root, name)
  const failed = assertionResults.filter((its) => its.status === 'failed')
  // A file that could not be loaded has no tests that failed, yet it did.
  if (failed.length === 0) return status === 'failed' ? [`${file}: ${linesOf(message)[0] ?? ''}`] : []
  return failed.map(({ ancestorTitles, title, failureMessages: [text = ''] }) =>
    [file, ...ancestorTitles, `${title}: ${linesOf(text)[0] ?? ''}`].join(' > '),
  )
}

/** Where it is not to be had, its tests are skipped, and that is said: the project does not depend on it. */
async function setUpTensorFlow() {
  const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')
  const isSkipped = environment.GRADPOOL_SKIP_TENSORFLOW === '1'
  const { ok, output, took } = isSkipped ? {} : await run([command, 'setup', 'tensorflow'], { isShown: false })
  if (!isSkipped) process.stdout.write(`\n── TensorFlow, ${took}\n${output}`)
  if (ok) return
  const reason = isSkipped ? 'GRADPOOL_SKIP_TENSORFLOW is 1' : 'it is not to be had here (see above)'
  process.stdout.write(`\n!!! SKIPPED: the tests of the engine tensorflow, since ${reason}\n`)
}

/** @returns whether all packages are built */
async function build() {
  const kernels = ['run-many', '-t', 'kernels', 'native', '--skipSync', '--outputStyle=stream', '--parallel=1']
  if (!(await check('Kernels', [tool('nx'), ...kernels]))) return false
  if (!(await check('JavaScript', [join(root, 'tools', 'bundle.mjs')]))) return false
  await setUpTensorFlow()
  return true
}

/** Runs jobs two at a time: the first two, and the next one whenever one is done. */
async function twoAtATime(jobs) {
  const left = [...jobs]
  const runLeft = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await job()
  }
  await Promise.all([runLeft(), runLeft()])
}

async function main() {
  if (!(await check('Set-up', [join(root, 'tools', 'setup.mjs'), '--install-only']))) return
  let isBuilt = false
  // The longest first.
  await twoAtATime([
    async () => (isBuilt = await build()),
    // All packages in one process, which reads their types once; Nx makes the graph of them that a rule goes by.
    () => check('Lint', [tool('nx'), 'run', '@gradpool/source:lint-all', '--skipSync', '--outputStyle=stream']),
    // Another check runs beside it, and checkers of one package would look at much of the same.
    () => check('Types', [tool('tsc'), '--build', '--checkers', '1', '--builders', '2']),
    () => check('Unused code', [tool('knip'), '--treat-config-hints-as-errors']),
    () => check('Width of comments', [join(root, 'tools', 'comment-width.mjs')]),
    () => check('Formatting', [join(root, 'tools', 'formatting.mjs')]),
    () => check('Project references', [tool('nx'), 'sync:check']),
    () => check('Links in Markdown', [tool('remark'), '--no-stdout', '--quiet', '--frail', '.']),
    () => check('Formatting of C', [join(root, 'tools', 'format-c.mjs'), '--check']),
    () => check('Circles of imports', [join(root, 'tools', 'import-circles.mjs')]),
  ])
  if (!isBuilt) return
  await test('Unit tests', root, ['--config', 'vitest.units.mjs'])
  await test('End-to-end tests', join(root, 'test'), [])
}

// Children get an interrupt from the terminal too; this process stays to say how far it came.
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => {
  for (const child of children) child.kill()
  process.exit(143)
})
await main()
if (failures.length > 0) process.stdout.write(`\nFailed:\n${failures.map((line) => `  ${line}\n`).join('')}`)
process.stdout.write(`\n${numPassed} passed, ${failures.length} failed\n`)
process.exitCode = failures.length > 0 || numPassed === 0 ? 1 : 0
