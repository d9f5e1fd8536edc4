/**
 * `npm run bench:checkpoints`: what checkpoints cost. A training of one long epoch, so that checkpoints come by the
 * clock alone, with one every half second and without any, in the same rounds; at the default of ten seconds they cost
 * a twentieth of that. What they cost is the median over the rounds of how much longer the one took than the other.
 */
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { mnist } from '@gradpool/datasets'
import { nativeEngine } from '@gradpool/engine-cpu'
import { classify, defineExperiment } from '@gradpool/experiments'
import { runExperiments } from '@gradpool/orchestrator'
import { splitOf, trainingOf } from './gradpool.mjs'
import { median } from './statistics.mjs'
import { makeData } from './workloads.mjs'

const ROUNDS = 7
const EVERY_SECONDS = 0.5
const DEFAULT_SECONDS = 10
const TRAINING_SECONDS = 4
const NEVER = 1e6

const networks = [
  { kind: 'autoencode', layers: [784, 64, 10, 64, 784], batchSize: 10, numExamples: 6000 },
  { kind: 'classify', layers: [784, 1024, 1024, 10], batchSize: 128, numExamples: 1280 },
]

const engine = await nativeEngine()
const rows = []
for (const network of networks) rows.push(await measure(network))
await engine.dispose()
console.log(
  `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, one of them trains; Node ${process.version}; ` +
    `${engine.description}; medians of ${ROUNDS} interleaved rounds`,
)
console.table(rows)

async function measure(network) {
  const data = splitOf(network, makeData(network))
  const training = trainingOf(network, data)
  // As many steps as the time takes; the rows come again and again.
  await seconds(planOf(training, data, 5), NEVER)
  const trial = await seconds(planOf(training, data, 10), NEVER)
  const passes = Math.ceil((10 * TRAINING_SECONDS) / trial.seconds)
  const plan = planOf(training, data, passes)
  const without = []
  const withThem = []
  let numBytes = 0
  for (let round = 0; round < ROUNDS; round++) {
    without.push((await seconds(plan, NEVER)).seconds)
    const ran = await seconds(plan, EVERY_SECONDS)
    withThem.push(ran.seconds)
    numBytes = ran.numBytes
  }
  const costs = withThem.map((seconds, round) => seconds / without[round] - 1)
  const cost = median(costs)
  const figure = (values) =>
    `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`
  const percent = (share) => `${(100 * share).toFixed(2)} %`
  return {
    network: network.layers.join('-'),
    'MB a checkpoint': (numBytes / 1e6).toFixed(1),
    'without, s': figure(without),
    [`every ${EVERY_SECONDS} s, s`]: figure(withThem),
    [`cost at ${EVERY_SECONDS} s`]: `${percent(cost)} (${percent(Math.min(...costs))} to ${percent(Math.max(...costs))})`,
    [`at ${DEFAULT_SECONDS} s`]: percent((cost * EVERY_SECONDS) / DEFAULT_SECONDS),
  }
}

function planOf(training, { fields, rows }, passes) {
  const all = Int32Array.from({ length: passes * rows.length }, (_, i) => rows[i % rows.length])
  const stage = {
    name: 'training',
    hash: `passes-${passes}`,
    seed: 0,
    epochs: 1,
    training: { program: { ...training, numExamples: all.length }, data: { fields, rows: all } },
    keep: 'last',
    work: 1,
  }
  const config = defineExperiment({
    name: 'checkpoints',
    data: mnist(),
    stages: [classify({ hidden: [] })],
  })
  return { name: 'checkpoints', seed: 0, config, data: { name: 'made', hash: '' }, stages: [stage] }
}

/** Of the training of a plan, and the size of its last checkpoint's tensors. */
async function seconds(plan, checkpointSeconds) {
  const directory = await mkdtemp(join(tmpdir(), 'gradpool-bench-'))
  try {
    const run = await runExperiments([plan], {
      engine,
      workers: 1,
      directory,
      checkpointSeconds,
      fresh: true,
    })
    const [experiment] = (await run.result).experiments
    const [epoch] = experiment.stages[0].epochs
    return { seconds: epoch.seconds, numBytes: await largestFile(run.directory) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The states at the end are as large as a checkpoint of them. */
async function largestFile(directory) {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  return Math.max(...sizes)
}
