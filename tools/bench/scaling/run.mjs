/**
 * `npm run bench:scaling`: one training whose steps several workers run together, beside PyTorch on as many cores; what
 * the exchange costs; and what a model fitted on that predicts for more cores.
 *
 *     npm run bench:scaling -- [--quick] [--without-peers]
 *
 * PyTorch is installed as for `npm run bench:peers`. Writes results.json here and docs/scaling.svg unless told --quick
 * or --without-peers. Ends with an error if something could not be measured.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { engines } from '../gradpool.mjs'
import { installPackages, pythonPath } from '../peers/install.mjs'
import { firstExamples } from '../peers/mnist.mjs'
import { timeWorkload } from '../peers/rounds.mjs'
import { duration } from '../peers/tables.mjs'
import { drawChart } from './chart.mjs'
import { measureExchange } from './exchange.mjs'
import { bestWorkers, fitModel, predict } from './model.mjs'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'without-peers': { type: 'boolean', default: false },
  },
})
const effort = options.quick ? { rounds: 2, milliseconds: 50 } : { rounds: 7, milliseconds: 200 }
const SHARDS = 8

const networks = [
  { layers: [784, 512, 256, 10], kind: 'classify', batchSize: 256 },
  { layers: [784, 64, 10, 64, 784], kind: 'autoencode', batchSize: 128 },
].map((network) => ({ ...network, name: network.layers.join('-'), numExamples: 12_800 }))

const missing = []
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.version,
}
console.log(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; medians of ${effort.rounds} interleaved rounds`,
)

const torch = options['without-peers'] ? [] : installedTorch()
const temporary = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
const steps = []
try {
  for (const workload of networks) {
    const data = join(temporary, 'examples')
    writeFileSync(data, firstExamples(workload.numExamples))
    for (const name of Object.keys(engines).reverse()) {
      const peers = name === Object.keys(engines).at(-1) ? torch : []
      const rows = await timeWorkload([...gradpool(name), ...peers], workload, data, effort)
      steps.push({ network: workload.name, batchSize: workload.batchSize, engine: name, rows })
      printSteps(steps.at(-1))
    }
  }
} finally {
  rmSync(temporary, { recursive: true })
}

const sized = networks.flatMap((network) =>
  [0.5, 1, 2].map((factor) => ({ ...network, batchSize: factor * network.batchSize })),
)
const exchange = await measureExchange(sized, effort)
const model = fitModel(exchange)
const predictions = networks.map(({ name, batchSize }) => {
  const row = exchange.find((each) => each.name === name && each.batchSize === batchSize)
  const times = [2, 8, 32, 64].map((workers) => ({ workers, ...predict(model, row, workers) }))
  return { network: name, batchSize, one: row.one, times, bestWorkers: bestWorkers(model, row) }
})
printModel()

for (const { name, failure } of steps.flatMap(({ rows }) => rows)) {
  if (failure !== undefined) missing.push(`${name}: ${failure}`)
}
if (!options.quick && !options['without-peers']) {
  const date = new Date().toISOString().slice(0, 10)
  const command = 'npm run bench:scaling'
  const results = { date, command, machine, effort, steps, exchange, model, predictions, missing }
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(new URL('../../../docs/scaling.svg', import.meta.url), drawChart(results))
}
for (const line of missing) console.error(`Not measured: ${line}`)
if (missing.length > 0) process.exitCode = 1

/** The first is what the others are compared with. */
function gradpool(engine) {
  const script = fileURLToPath(new URL('child.mjs', import.meta.url))
  const runner = (shards, workers) => {
    const cut = shards === 1 ? 'no shards' : `${shards} shards`
    const by = workers === 1 ? '1 worker' : `${workers} workers`
    return {
      id: [engine, shards, workers].join('-'),
      name: `Gradpool ${[engine, cut, by].join(', ')}`,
      start: {
        command: process.execPath,
        args: [script, engine, String(shards), String(workers)],
      },
    }
  }
  return [runner(SHARDS, 1), runner(1, 1), runner(1, 2), runner(SHARDS, 2), runner(SHARDS, SHARDS)]
}

function installedTorch() {
  try {
    installPackages('torch', ['torch', 'numpy'])
  } catch (error) {
    missing.push(`PyTorch: ${error.message}`)
    return []
  }
  const python = (id, name, threads, script, ...args) => ({
    id,
    name,
    start: {
      command: pythonPath,
      args: [fileURLToPath(new URL(`../peers/python/${script}`, import.meta.url)), ...args],
      env: { OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads, CUDA_VISIBLE_DEVICES: '' },
    },
  })
  const two = ['--threads', '2']
  return [
    python('torch-1', 'PyTorch eager, 1 thread', '1', 'torch_peer.py'),
    python('torch-2', 'PyTorch eager, 2 threads', '2', 'torch_peer.py', ...two),
    python('torch-compile-2', 'torch.compile, 2 threads', '2', 'torch_peer.py', '--compile', ...two),
    python('torch-ddp', 'PyTorch DDP, gloo, 2 processes', '1', 'torch_ddp.py'),
  ]
}

function printSteps({ network, batchSize, rows }) {
  console.log(`\n${network}, batch ${batchSize}`)
  console.table(
    rows.map((row) =>
      row.failure === undefined
        ? {
            by: row.name,
            'a step': `${duration(row.microseconds)} ±${(100 * row.spread).toFixed(1)} %`,
            'examples/s': Math.round((1e6 * batchSize) / row.microseconds),
            speed: (1 / row.timesGradpool).toFixed(2),
          }
        : { by: row.name, 'a step': 'failed' },
    ),
  )
}

function printModel() {
  console.log('\nA step of two workers beside half of a step of one, µs')
  console.table(
    exchange.map((row) => ({
      of: row.name,
      batch: row.batchSize,
      meetings: row.meetings,
      'one worker': row.one.toFixed(1),
      two: `${row.two.toFixed(1)} ±${(100 * row.spread).toFixed(1)} %`,
      'above half': row.overhead.toFixed(1),
      'two, by the model': predict(model, row, 2).all.toFixed(1),
    })),
  )
  const { meeting, parameter, activation } = model
  console.log(
    `model: ${meeting.toFixed(2)} µs a meeting, ${(1000 * parameter).toFixed(3)} µs per 1000 parameters, ` +
      `${(1000 * activation).toFixed(3)} µs per 1000 activations`,
  )
  console.log('\nPredicted, not measured: times as fast as one worker')
  console.table(
    predictions.map(({ network, one, times, bestWorkers: best }) => ({
      network,
      ...Object.fromEntries(times.map(({ workers, all }) => [workers, (one / all).toFixed(1)])),
      'fastest with': best,
    })),
  )
}
