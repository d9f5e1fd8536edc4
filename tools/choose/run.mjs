/**
 * `node tools/choose/run.mjs`: chooses settings of the catalogue on training images that are held out, from the grids
 * in tuned.mjs and codes.mjs.
 *
 *     node tools/choose/run.mjs [--quick]
 *
 * Prints tables, and writes results.json here: every setting tried with its score, and the chosen one, which is that of
 * the highest score. Into the catalogue it is put by hand; a test compares them. Started again after an interruption,
 * it goes on: what was trained is found in .nx/choose. --quick tries two of each, for an epoch, and writes nothing.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { root } from '../environment.mjs'
import * as codes from './codes.mjs'
import { openTraining } from './training.mjs'
import * as tuned from './tuned.mjs'

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const isQuick = options.quick

const training = await openTraining(join(root, '.nx', 'choose'))
const { description } = training.engine
const choices = {
  tuned: choice(
    'mean validation accuracy of the six experiments',
    tuned.seeds,
    await tuned.tryTuned(training, { isQuick }),
  ),
  codes: choice('mean average precision, 64 bits', codes.seeds, await codes.tryCodes(training, { isQuick })),
}
await training.engine.dispose()

if (!isQuick) {
  const path = fileURLToPath(new URL('results.json', import.meta.url))
  const results = {
    date: new Date().toISOString().slice(0, 10),
    command: 'node tools/choose/run.mjs',
    engine: description,
    ...choices,
  }
  writeFileSync(
    path,
    await format(JSON.stringify(results, rounding), { ...(await resolveConfig(path)), filepath: path }),
  )
}

/** The first of the highest score. */
function choice(judgedBy, seeds, tried) {
  const best = tried.reduce((best, one) => (one.score > best.score ? one : best))
  console.log(`\nBy ${judgedBy}, seeds ${seeds.join(', ')}; chosen: ${JSON.stringify(settingOf(best))}`)
  console.table(tried.map((one) => ({ ...settingOf(one), score: rounded(one.score) })))
  return { judgedBy, seeds, numTried: tried.length, chosen: settingOf(best), tried }
}

/** Without its results. */
function settingOf(one) {
  return Object.fromEntries(
    Object.entries(one).filter(([field]) => !['score', 'accuracies', 'precisions'].includes(field)),
  )
}

function rounding(_, value) {
  return typeof value === 'number' ? rounded(value) : value
}

function rounded(value) {
  return Number(value.toFixed(4))
}
