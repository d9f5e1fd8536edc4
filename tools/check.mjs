// Checks of what changed since the branch left main, in a minute: format, lint, types, links, and the unit tests of the
// packages that changed, then of those that depend on them. `npm test` checks all.
//
//   node tools/check.mjs [--since REF] [--seconds N]
//
// Tests that the time does not suffice for are stopped, and that is said; it is no failure.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { stripVTControlCharacters, parseArgs } from 'node:util'
import { affectedPackages, baseOf } from './changes.mjs'
import { environment, root, tool } from './environment.mjs'

const { values } = parseArgs({ options: { since: { type: 'string' }, seconds: { type: 'string', default: '55' } } })
const started = performance.now()
const deadline = started + 1000 * Number(values.seconds)
const failed = []
const left = []

/** Patches are tried in copies of the repository, which takes minutes. */
const long = 'tools/contributing/'
const isLong = (path) => path.startsWith(long)

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
const lines = (text) => text.split('\n').filter((line) => line !== '')

/** Runs a program of Node's; says how it ended: `'stopped'` where the time was over. */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let isStopped = false
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    const timer = setTimeout(
      () => {
        isStopped = true
        child.kill()
      },
      Math.max(deadline - performance.now(), 0),
    )
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ end: isStopped ? 'stopped' : code === 0 ? 'done' : 'failed', output: stripVTControlCharacters(output) })
    })
  })
}

async function check(title, args) {
  const began = performance.now()
  const { end, output } = await run(args)
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`
  const tests = output.match(/ ✓ .*\.test\.m?ts /g)?.length
  const counted = tests === undefined ? '' : `, ${tests} test files passed`
  const says = end === 'stopped' ? `: the time was over${counted}` : counted
  process.stdout.write(`── ${title}${end === 'failed' ? ' failed' : ''}${says}, ${took}\n`)
  if (end === 'stopped') left.push(title)
  if (end !== 'failed') return
  process.stdout.write(`${output.trimEnd()}\n`)
  failed.push(title)
}

/** One after the other; what the time is over for is not begun. */
async function inOrder(jobs) {
  for (const [title, args] of jobs) {
    if (performance.now() < deadline) await check(title, args)
    else left.push(title)
  }
}

const since = values.since ?? baseOf(git)
const changed = [
  ...new Set([...lines(git('diff', '--name-only', since)), ...lines(git('ls-files', '-o', '--exclude-standard'))]),
].filter((path) => existsSync(join(root, path)))
const packages = readdirSync(join(root, 'packages')).map((folder) => ({
  folder,
  ...JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')),
}))
const { own, dependents } = affectedPackages(packages, changed)
process.stdout.write(
  `${changed.length} files changed since ${since.slice(0, 10)}, in ${own.join(', ') || 'no package'}\n`,
)

const only = (pattern) => changed.filter((path) => pattern.test(path))
const sources = only(/\.(ts|mjs)$/)
const units = only(/^(packages|tools)\/.*\.(ts|mjs)$/)
/** What is changed itself, and what lies beside it by the same name. */
const nearest = [...new Set(units.map((path) => path.replace(/(\.test)?\.(ts|mjs)$/, '.test.$2')))]
const tests = nearest.filter((path) => existsSync(join(root, path)) && !isLong(path))
const vitest = (...args) => [tool('vitest'), ...args, '--run', '--config', 'vitest.units.mjs', '--passWithNoTests']
const related = (folders) => [
  ...vitest('related', ...units, '--exclude', `${long}**`),
  ...['tools', ...packages.map(({ folder }) => `packages/${folder}`)]
    .filter((folder) => !folders.includes(basename(folder)))
    .flatMap((folder) => ['--exclude', `${folder}/**`]),
]
const has = (list, job) => (list.length > 0 ? [job] : [])

await Promise.all([
  inOrder([
    ...has(own, ['JavaScript', [join(root, 'tools', 'bundle.mjs'), ...own]]),
    ...has(tests, ['Unit tests beside what changed', vitest(...tests)]),
    ...has(units, ['Unit tests of these packages', related([...own, 'tools'])]),
    ...(units.length > 0 ? has(dependents, ['Unit tests of packages that depend on them', related(dependents)]) : []),
  ]),
  inOrder([
    ...has(changed, ['Formatting', [tool('prettier'), '--check', '--log-level=warn', '--ignore-unknown', ...changed]]),
    ...has(sources, ['Width of comments', [join(root, 'tools', 'comment-width.mjs'), ...sources]]),
    ...has(only(/\.tsx?$/), ['Types', [tool('tsc'), '--build']]),
    ...has(only(/\.md$/), ['Links in Markdown', [tool('remark'), '--no-stdout', '--quiet', '--frail', '.']]),
    ...has(only(/\.[ch]$/), ['Formatting of C', [join(root, 'tools', 'format-c.mjs'), '--check']]),
    ...has(only(/^packages\/.*\.tsx?$/), ['Circles of imports', [join(root, 'tools', 'import-circles.mjs')]]),
    ...has(sources, ['Lint', [tool('eslint'), '--no-warn-ignored', ...sources]]),
  ]),
])
if (only(/kernels\/.*\.[ch]$/).length > 0) {
  process.stdout.write('Kernels changed, and are not built here: npx nx run @gradpool/engine-cpu:bundle\n')
}
if (only(/^test\//).length > 0) process.stdout.write('End-to-end tests changed: cd test && npx vitest run FILE\n')
const took = ((performance.now() - started) / 1000).toFixed(0)
const end = failed.length > 0 ? `Failed after ${took} s: ${failed.join(', ')}` : `Nothing failed in ${took} s`
const rest = left.length > 0 ? `\nThe time was over for: ${left.join(', ')}. \`npm test\` does all.` : ''
process.stdout.write(`${end}${rest}\n`)
process.exitCode = failed.length > 0 ? 1 : 0
