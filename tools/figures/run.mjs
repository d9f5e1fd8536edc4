/**
 * `npm run figures`: makes the figures of README and docs, one step after the other, and commits them.
 *
 *     npm run figures -- [--only choose,report] [--no-commit]
 *
 * The steps are in steps.mjs. One that was done for the present sources is skipped, so started again after an
 * interruption it goes on. One whose peers are not to be had here is named, and its old figures stay; so is one that
 * fails, and the exit code is then 1. Measure on an idle machine.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../environment.mjs'
import { filled } from './markdown.mjs'
import { changedOf, commit, isDone, setDone, sourcesHash } from './sources.mjs'
import { steps } from './steps.mjs'

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, commit: { type: 'boolean', default: true } },
  allowNegative: true,
})

const chosen = chosenSteps()
const pages = [...new Set(chosen.flatMap(({ fills }) => fills.map(({ page }) => page)))]
const dirty = options.commit && pages.length > 0 ? changedOf(pages) : []
if (dirty.length > 0) stop(`Commit ${dirty.join(', ')} first, or say --no-commit: it has changes of yours.`)

const sources = sourcesHash(steps.flatMap(({ writes }) => writes))
const outcomes = []
for (const step of chosen) {
  const outcome = await outcomeOf(step)
  outcomes.push({ step: step.name, outcome })
  console.log(`\n── ${step.name}: ${outcome}`)
}
for (const { fills, writes } of chosen) {
  if (!writes.every((path) => existsSync(join(root, path)))) continue
  for (const { page, name, text } of fills) await fill(page, name, text())
}
console.table(outcomes)
if (outcomes.some(({ outcome }) => outcome.startsWith('failed'))) process.exitCode = 1

const written = chosen.flatMap(({ writes }) => writes)
const changed = pages.length + written.length > 0 ? changedOf([...pages, ...written]) : []
if (changed.length === 0) console.log('All figures are as committed.')
else if (options.commit) {
  const made = outcomes.filter(({ outcome }) => outcome.startsWith('made')).map(({ step }) => step)
  commit(changed, `Make the figures again${made.length > 0 ? `: ${made.join(', ')}` : ''}`)
  console.log(`Committed ${changed.join(', ')}.`)
} else console.log(`Not committed: ${changed.join(', ')}.`)

async function outcomeOf({ name, command, peers, writes }) {
  if (isDone(name, sources)) return 'skipped, done for these sources'
  try {
    await peers?.()
  } catch (error) {
    return `skipped, not to be had here: ${error.message}`
  }
  const started = performance.now()
  const before = writes.map((path) => contentsOf(path))
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    // What a step wrote that could not measure everything is no figure.
    writes.forEach((path, at) => before[at] !== undefined && writeFileSync(join(root, path), before[at]))
    return 'failed, its old figures stay'
  }
  setDone(name, sources)
  return `made in ${Math.round((performance.now() - started) / 1000)} s`
}

async function fill(page, name, text) {
  const path = join(root, page)
  const before = readFileSync(path, 'utf8')
  const after = await filled(before, { path, name, text })
  if (after !== before) writeFileSync(path, after)
}

function contentsOf(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path)) : undefined
}

function chosenSteps() {
  if (options.only === undefined) return steps
  const names = options.only.split(',')
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    stop(`No step ${unknown.join(', ')}; there are ${steps.map(({ name }) => name).join(', ')}.`)
  }
  return steps.filter(({ name }) => names.includes(name))
}

function stop(message) {
  console.error(message)
  process.exit(2)
}
