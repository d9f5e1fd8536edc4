// Everything that must hold before a change is merged, in order, its output as it comes. The last line is
// `N passed, N failed`: the tests of all Vitest runs, and one failure for each other step that failed.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment, root, tool } from './environment.mjs'

const totals = { passed: 0, failed: 0 }

function run(title, args) {
  process.stdout.write(`\n── ${title}\n`)
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: environment, stdio: 'inherit' })
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })
}

async function check(title, args) {
  const ok = await run(title, args)
  if (!ok) {
    totals.failed += 1
    process.stdout.write(`\n${title}: failed\n`)
  }
  return ok
}

/** Runs the tests of some projects and adds up what Vitest's JSON reporter left in each. */
async function test(title, folders, args) {
  const reports = folders.map((folder) => join(folder, 'test-output', 'results.json'))
  for (const report of reports) rmSync(report, { force: true })
  const ok = await run(title, args)
  let failed = 0
  for (const report of reports.filter((file) => existsSync(file))) {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    totals.passed += result.numPassedTests
    // A file that could not be loaded has no tests that failed, yet it did.
    failed += result.numFailedTests
    failed += result.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
    ).length
  }
  totals.failed += !ok && failed === 0 ? 1 : failed
}

const nx = (...args) => [tool('nx'), ...args]
const many = (target, ...args) => nx('run-many', '-t', target, '--skipSync', '--outputStyle=stream', ...args)

/** Where it is not to be had, its tests are skipped, and that is said: the project does not depend on it. */
async function setUpTensorFlow() {
  const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')
  const isSkipped = environment.GRADPOOL_SKIP_TENSORFLOW === '1'
  if (!isSkipped && (await run('TensorFlow', [command, 'setup', 'tensorflow']))) return
  const reason = isSkipped ? 'GRADPOOL_SKIP_TENSORFLOW is 1' : 'it is not to be had here (see above)'
  process.stdout.write(`\n!!! SKIPPED: the tests of the engine tensorflow, since ${reason}\n`)
}

async function main() {
  const setup = join(root, 'tools', 'setup.mjs')
  if (!(await check('Set-up', [setup, '--install-only']))) return
  await check('Project references', nx('sync:check'))
  await check('Formatting', [tool('prettier'), '--check', '--log-level=warn', '.'])
  await check('Formatting of C', [join(root, 'tools', 'format-c.mjs'), '--check'])
  await check('Width of comments', [join(root, 'tools', 'comment-width.mjs')])
  await check('Links in Markdown', [tool('remark'), '--no-stdout', '--quiet', '--frail', '.'])
  await check('Lint', many('lint', '--nxBail=false'))
  await check('Circles of imports', [join(root, 'tools', 'import-circles.mjs')])
  await check('Unused code', [tool('knip'), '--treat-config-hints-as-errors'])
  await check('Types', many('typecheck'))
  if (!(await check('Build', many('build')))) return
  await setUpTensorFlow()
  const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))
  await test('Unit tests', packages, many('test', '--exclude=@gradpool/end-to-end', '--parallel=2'))
  await test('End-to-end tests', [join(root, 'test')], many('test', '-p', '@gradpool/end-to-end'))
}

// Children get an interrupt from the terminal too; this process stays to say how far it came.
process.on('SIGINT', () => process.exit(130))
await main()
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`)
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0
