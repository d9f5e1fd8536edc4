/**
 * `npm run bench`: microseconds per training step, beside tfjs-backend-wasm in the same run; scaling to two workers;
 * memory.
 *
 * Prints a table and writes the figures to results.json in this folder.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { importTfjsWasm } from './bundle.mjs'
import { engines, makeRunner as makeGradpool } from './gradpool.mjs'
import { measureMemory } from './memory.mjs'
import { measureScaling } from './two-trainings.mjs'
import { interleave, median, spread } from './statistics.mjs'
import { flopsOf, makeData, workloads } from './workloads.mjs'

const ROUNDS = 15
const ROUND_MS = 400

const require = createRequire(import.meta.url)
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  tfjs: require('@tensorflow/tfjs-core/package.json').version,
}
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; medians of ${ROUNDS} interleaved rounds`)

const { makeRunner: makeTfjs } = await importTfjsWasm()
const steps = []
for (const workload of workloads) {
  const data = makeData(workload)
  const runners = [await makeTfjs(workload, data)]
  for (const name of Object.keys(engines)) runners.push(await makeGradpool(name, workload, data))
  const samples = await interleave(runners, { rounds: ROUNDS, milliseconds: ROUND_MS })
  for (const runner of runners) await runner.dispose()
  const tfjs = samples.get(runners[0].name)
  for (const { name } of runners) {
    const microseconds = median(samples.get(name))
    steps.push({
      workload: workload.name,
      batchSize: workload.batchSize,
      runner: name,
      microseconds,
      spread: spread(samples.get(name)),
      gflops: flopsOf(workload) / microseconds / 1000,
      // Round by round, so that a slow moment of the machine slows both.
      timesTfjs: median(samples.get(name).map((value, round) => tfjs[round] / value)),
    })
  }
}
console.table(
  steps.map((row) => ({
    'training step': row.workload,
    batch: row.batchSize,
    by: row.runner,
    µs: `${row.microseconds.toFixed(row.microseconds < 100 ? 1 : 0)} ±${(100 * row.spread).toFixed(1)} %`,
    'GFLOP/s': row.gflops.toFixed(1),
    'times tfjs-wasm': row.timesTfjs.toFixed(1),
  })),
)

const [, autoencoder] = workloads
const scaling = await measureScaling(autoencoder, makeData(autoencoder), { rounds: 9, steps: 4000 })
console.log(
  `two workers, two trainings: ${scaling.twoWorkers.toFixed(0)} steps/s, ${scaling.ratio.toFixed(2)} times one worker's`,
)

const memory = measureMemory([1, 2, 4])
console.log(
  `peak memory of \`gradpool run report\`: ${Object.entries(memory)
    .map(([workers, megabytes]) => `${megabytes} MB with ${workers} worker${workers === '1' ? '' : 's'}`)
    .join(', ')}`,
)

const results = {
  date: new Date().toISOString().slice(0, 10),
  machine,
  rounds: ROUNDS,
  steps,
  scaling,
  memory,
}
writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
