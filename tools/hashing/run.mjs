/**
 * `npm run quality:hashing`: how well codes find images of the same digit.
 *
 *     npm run quality:hashing -- [--without-python]
 *
 * Queries are MNIST's 10,000 test images, the collection its 60,000 training images; relevant is what has the query's
 * digit. Models of the group `hashing` are trained by `gradpool run` unless they are already; PCA-sign and ITQ are
 * learnt by linear_codes.py. All are judged by `retrievalQuality` of @gradpool/hashing, which says what each figure
 * means.
 *
 * Prints a table; writes results.json here and the chart docs/hashing.svg, unless told --without-python.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadDataset, mnist } from '@gradpool/datasets'
import { bucketOccupancy, retrievalQuality } from '@gradpool/hashing'
import { format, resolveConfig } from 'prettier'
import { engines } from '../bench/gradpool.mjs'
import { root } from '../environment.mjs'
import { exitIfMissing } from '../missing.mjs'
import { drawChart } from './chart.mjs'
import { installNumpy, linearCodes } from './linear-codes.mjs'
import { cellsOf, heads, rowOf } from './table.mjs'
import { trainedCodes } from './trained-codes.mjs'

const { values: options } = parseArgs({
  options: { 'without-python': { type: 'boolean', default: false } },
})
const ranks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
const cutoff = 1000

if (!options['without-python']) await exitIfMissing(installNumpy)
const engine = await Object.values(engines).at(-1)()
const { splits } = await loadDataset(mnist())
const labels = {
  collection: splits.all.fields.label.values,
  queries: splits.test.fields.label.values,
}
const models = await trainedCodes('hashing')
const linear = options['without-python'] ? [] : codesByPython()

const rows = []
for (const { name, bits, weights, collection, queries } of [...models, ...linear]) {
  const quality = retrievalQuality({
    bits,
    queries: { codes: queries, labels: labels.queries },
    collection: { codes: collection, labels: labels.collection },
    ranks,
    cutoffs: [cutoff],
  })
  const row = {
    name,
    bits,
    ...(weights && { weights }),
    meanAveragePrecision: rounded(quality.meanAveragePrecision),
    meanAveragePrecisionAt1000: rounded(quality.meanAveragePrecisionAt[0].value),
    precisionAt: Object.fromEntries(quality.precisionAt.map(({ k, value }) => [k, rounded(value)])),
    radius2: allRounded(quality.withinRadius[Math.min(2, bits)]),
    occupancy: allRounded(bucketOccupancy(collection, bits)),
    // By radius, from 0.
    precisionByRadius: quality.withinRadius.map(({ precision }) => rounded(precision)),
    recallByRadius: quality.withinRadius.map(({ recall }) => rounded(recall)),
  }
  rows.push(row)
  if (rows.length === 1) console.log(rowOf(heads))
  console.log(rowOf(cellsOf(row)))
}
const description = engine.description
await engine.dispose()

if (!options['without-python']) {
  const results = {
    date: new Date().toISOString().slice(0, 10),
    command: 'npm run quality:hashing',
    machine: { cpu: cpus()[0]?.model ?? 'unknown', node: process.version, engine: description },
    queries: labels.queries.length,
    collection: labels.collection.length,
    rows,
  }
  const path = fileURLToPath(new URL('results.json', import.meta.url))
  const style = { ...(await resolveConfig(path)), filepath: path }
  writeFileSync(path, await format(JSON.stringify(results), style))
  writeFileSync(join(root, 'docs', 'hashing.svg'), drawChart(results))
}

function codesByPython() {
  try {
    return linearCodes([10, 16, 32, 64], labels.collection.length)
  } catch (error) {
    console.error(`PCA-sign and ITQ need Python: ${error.message}. --without-python leaves them out.`)
    process.exit(1)
  }
}

function rounded(value) {
  return Number(value.toFixed(4))
}

function allRounded(object) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, rounded(value)]))
}
