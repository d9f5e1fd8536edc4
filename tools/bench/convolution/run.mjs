/**
 * `npm run bench:convolution`: a training step of LeNet on one core, beside PyTorch with channels last, in the same
 * run.
 *
 *     npm run bench:convolution -- [--quick]
 *
 * Timed as `npm run bench:peers` does: interleaved rounds, ratios round by round. Prints tables and writes results.json
 * here; --quick takes a few tiny rounds, to try the benchmark, and writes nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { firstExamples } from '../peers/mnist.mjs'
import { gradpool, peers } from '../peers/peers.mjs'
import { timeWorkload } from '../peers/rounds.mjs'
import { printSteps } from '../peers/tables.mjs'
import { lenetWorkloads } from '../workloads.mjs'

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const effort = options.quick ? { rounds: 2, milliseconds: 50 } : { rounds: 9, milliseconds: 1000 }

const torch = peers.filter(({ id }) => id === 'torch-eager' || id === 'torch-compile')
for (const { install } of torch) install()
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
}
console.log(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; medians of ${effort.rounds} interleaved rounds`,
)

const steps = []
const folder = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
try {
  for (const workload of lenetWorkloads) {
    const data = join(folder, 'examples')
    writeFileSync(data, firstExamples(workload.numExamples))
    const rows = await timeWorkload([...gradpool, ...torch], workload, data, effort)
    const result = { workload: workload.name, batchSize: workload.batchSize, flops: workload.flops, rows }
    steps.push(result)
    printSteps(result)
  }
} finally {
  rmSync(folder, { recursive: true })
}
const failed = steps.flatMap(({ rows }) => rows).filter(({ failure }) => failure !== undefined)
if (failed.length > 0) throw new Error(`${failed[0].name}: ${failed[0].failure}`)
if (!options.quick) {
  const results = JSON.stringify({ machine, steps }, null, 2)
  writeFileSync(new URL('results.json', import.meta.url), `${results}\n`)
}
