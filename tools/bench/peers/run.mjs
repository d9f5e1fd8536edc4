/**
 * `npm run bench:peers`: Gradpool beside what one would use in its place, in the same run on the same cores.
 *
 *     npm run bench:peers -- [--only jax,torch] [--quick]
 *
 * Timed is training: forward, backward and Adam, from data in memory to the last loss as a number. A step's time has no
 * start-up, import, compilation, loading or warm-up in it: those are the time to the first step, measured on their own
 * from the start of the process. Gradpool's steps gather their examples from bytes and scale them; the peers are given
 * finished float32 batches. The catalogue's time is of whole processes, everything included.
 *
 * Prints tables, and, when all peers were asked for, writes results.json here and the chart docs/benchmark.svg. Ends
 * with an error if a peer could not be measured. --quick takes a few tiny rounds, to try the benchmark, and writes
 * nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../../environment.mjs'
import { flopsOf, wide, workloads } from '../workloads.mjs'
import { timeCatalogue } from './catalogue.mjs'
import { drawChart } from './chart.mjs'
import { installed } from './install.mjs'
import { firstExamples } from './mnist.mjs'
import { gradpool, peers } from './peers.mjs'
import { timeWorkload } from './rounds.mjs'
import { printCatalogue, printSteps } from './tables.mjs'

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const effort = options.quick
  ? { rounds: 2, milliseconds: 50, catalogueRounds: 1, epochs: 1 }
  : { rounds: 9, milliseconds: 400, catalogueRounds: 3 }

const missing = []
const competitors = [...gradpool, ...installed(chosenPeers(), (sentence) => missing.push(sentence))]
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
}
console.log(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; medians of ${effort.rounds} interleaved rounds`,
)

const steps = []
const temporary = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
try {
  for (const workload of [...workloads, wide]) {
    const data = join(temporary, 'examples')
    writeFileSync(data, firstExamples(workload.numExamples))
    const rows = await timeWorkload(competitors, workload, data, effort)
    const { name, batchSize } = workload
    const result = { workload: name, batchSize, flops: flopsOf(workload), rows }
    steps.push(result)
    printSteps(result)
  }
} finally {
  rmSync(temporary, { recursive: true })
}
const catalogue = await timeCatalogue(
  competitors.map(({ id }) => id),
  { rounds: effort.catalogueRounds, epochs: effort.epochs },
)
printCatalogue(catalogue, machine)

for (const { name, failure } of [...steps.flatMap(({ rows }) => rows), ...catalogue]) {
  if (failure !== undefined) missing.push(`${name}: ${failure}`)
}
if (options.only === undefined && !options.quick) {
  const results = {
    date: new Date().toISOString().slice(0, 10),
    command: 'npm run bench:peers',
    machine,
    rounds: { steps: effort.rounds, catalogue: effort.catalogueRounds },
    steps,
    catalogue,
    missing,
  }
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(root, 'docs', 'benchmark.svg'), drawChart(results))
}
for (const line of missing) console.error(`Not measured: ${line}`)
if (missing.length > 0) process.exitCode = 1

function chosenPeers() {
  if (options.only === undefined) return peers
  const ids = options.only.split(',')
  const matches = (peer, id) => peer.id === id || peer.id.startsWith(`${id}-`)
  const unknown = ids.filter((id) => !peers.some((peer) => matches(peer, id)))
  if (unknown.length > 0) {
    console.error(`No peer ${unknown.join(', ')}; there are ${peers.map(({ id }) => id).join(', ')}.`)
    process.exit(2)
  }
  return peers.filter((peer) => ids.some((id) => matches(peer, id)))
}
