/**
 * `npm run bench:averaging`: one training by shared steps, and with weights that are averaged after 4, 16 and 64 steps,
 * on equal parts of the examples and on unequal ones that are sorted by label; the loss by time and by steps, of three
 * seeds.
 *
 *     npm run bench:averaging -- [--quick] [--without-times]
 *
 * Writes results.json here and docs/averaging.svg unless told --quick. The losses are the same anywhere; on a machine
 * that has other work, times say nothing, and are left out by --without-times.
 */
import { sgd } from '@gradpool/core'
import { evaluation } from '@gradpool/core/engine'
import { loadDataset, mnist } from '@gradpool/datasets'
import { mlp } from '@gradpool/models'
import { fit } from '@gradpool/trainer'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { engines } from '../gradpool.mjs'
import { drawChart } from './chart.mjs'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'without-times': { type: 'boolean', default: false },
  },
})

/** Each replica's; that of shared steps is as large as those of all replicas together. */
const BATCH = 8
const REPLICAS = 8
const WORKERS = 2
const numSeeds = options.quick ? 1 : 3
const epochs = options.quick ? 2 : 12
const layers = [784, 64, 10]
const network = layers.join('-')

const [engineName, makeEngine] = Object.entries(engines).at(-1)
const engine = await makeEngine()
const { splits } = await loadDataset(mnist(), { allocate: engine.allocate })
const data = splits.train
/** Rows of the training examples as a data set of their own. */
const dataOf = (rows) => {
  const split = { ...data, rows }
  return {
    name: 'mnist',
    hash: '',
    fields: { train: data.fields },
    splits: { all: split, train: split },
  }
}
const unequal = [8, 7, 6, 5, 4, 3, 2, 1]
const stage = mlp({ input: layers[0], hidden: [layers[1]], classes: layers[2], scale: 1 / 255 })

const whole = {
  data: dataOf(data.rows),
  batchSize: REPLICAS * BATCH,
  microBatches: REPLICAS,
}
const replicas = (every) => ({
  data: dataOf(data.rows),
  batchSize: BATCH,
  averageEvery: every,
  averageParts: REPLICAS,
})
const federated = (every) => ({
  data: dataOf(byLabel(data)),
  batchSize: BATCH,
  averageEvery: every,
  averageParts: unequal,
})
const curves = [
  { name: 'shared steps', how: whole },
  ...[4, 16, 64].map((every) => ({ name: `average every ${every}`, how: replicas(every) })),
  { name: 'unequal parts by label, every 16', how: federated(16) },
  { name: 'unequal parts by label, every epoch', how: federated(data.rows.length) },
].map((curve) => ({ ...curve, seconds: [], weights: [] }))

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.version,
}
console.log(
  `${network} on MNIST, SGD, ${WORKERS} workers, ${engineName}; ` +
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; mean losses and fastest epochs of ${numSeeds} seeds`,
)
for (let seed = 0; seed < numSeeds; seed++) {
  for (const { how, seconds, weights } of curves) {
    const times = []
    const states = []
    await fit(stage, {
      engine,
      workers: WORKERS,
      epochs,
      seed,
      optimizer: sgd({ learningRate: 0.1 }),
      ...how,
      onEpoch({ row, weights }) {
        times.push(row.seconds)
        states.push(weights())
      },
    })
    seconds.push(times)
    weights.push(states)
  }
}

const stepsPerEpoch = data.rows.length / (REPLICAS * BATCH)
const results = []
for (const { name, seconds, weights } of curves) {
  const points = []
  // All epochs are the same work: the fastest is the one that nothing disturbed.
  const secondsPerEpoch = Math.min(...seconds.flat())
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const losses = []
    for (const states of weights) losses.push(await lossOf(states[epoch - 1]))
    points.push({
      steps: epoch * stepsPerEpoch,
      ...(!options['without-times'] && { seconds: epoch * secondsPerEpoch }),
      loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    })
  }
  results.push({ name, points })
}
await engine.dispose()

console.table(
  results.map(({ name, points }) => ({
    by: name,
    'loss after 1 epoch': points[0].loss.toFixed(4),
    [`after ${epochs}`]: points.at(-1).loss.toFixed(4),
    seconds: points.at(-1).seconds?.toFixed(2),
  })),
)
if (!options.quick) {
  const date = new Date().toISOString().slice(0, 10)
  const setting = {
    network,
    batch: BATCH,
    replicas: REPLICAS,
    workers: WORKERS,
    engine: engineName,
  }
  const document = {
    date,
    command: `npm run bench:averaging${options['without-times'] ? ' -- --without-times' : ''}`,
    machine,
    setting,
    numSeeds,
    curves: results,
  }
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(document, null, 2)}\n`)
  writeFileSync(new URL('../../../docs/averaging.svg', import.meta.url), drawChart(document))
}

/** Of the model over all training examples. */
async function lossOf(state) {
  const program = evaluation(stage, { batchSize: 100, data })
  const execution = await engine.compile(program, { data, seed: 0, state })
  const { means } = await execution.run({ steps: execution.stepsPerEpoch })
  execution.dispose()
  return means.loss[0]
}

/** Rows of each label together: parts of them have few labels each. */
function byLabel({ fields, rows }) {
  const label = (row) => fields.label.values[row]
  return rows.toSorted((a, b) => label(a) - label(b))
}
