/**
 * What it costs that two workers share a step: the time of a step with two, above half of the time with one.
 *
 * Measured on networks, and on steps that are little else than the exchange: a product for its gradient, the reduction
 * of the gradient over 8 shards of one example each, and Adam.
 */
import { adam, matmul, mean, mul, normal, parameter, defineModel } from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { engines, splitOf, trainingOf } from '../gradpool.mjs'
import { interleave, median, spread } from '../statistics.mjs'
import { makeData } from '../workloads.mjs'
import { Threads } from './threads.mjs'

const SHARDS = 8

/** Counts how often all workers have met; a word of the execution (EXEC_GENERATION of kernels/plan.h). */
const GENERATION = 33

const products = [
  [10, 100],
  [100, 1000],
  [400, 1000],
].map(([rows, columns]) => ({
  name: `exchange of ${(rows * columns) / 1000}k parameters`,
  layers: [rows, columns],
  batchSize: SHARDS,
  numExamples: 8 * SHARDS,
}))

function exchange({ layers: [rows, columns], batchSize }, data) {
  const product = defineModel({
    params: { weight: parameter([rows, columns], normal(0.01)) },
    step: ({ weight }, { image }) => ({ loss: mean(matmul(mul(image, 1 / 255), weight)) }),
  })
  return train(product, { optimizer: adam(), batchSize, data, microBatches: SHARDS })
}

/** @returns a row for each of the networks and exchanges */
export async function measureExchange(networks, { rounds, milliseconds }) {
  const engine = await (engines.native ?? engines.wasm)()
  const threads = new Threads(engine, 2)
  const rows = []
  for (const workload of [...products, ...networks]) {
    const { layers, batchSize } = workload
    const data = splitOf(workload, makeData(workload))
    const training = workload.kind === undefined ? exchange(workload, data) : trainingOf(workload, data, adam(), SHARDS)
    const compile = () => engine.compile(training, { data, seed: 0, workers: SHARDS })
    const executions = [await compile(), await compile()]
    const runners = executions.map((execution, index) => ({
      name: index,
      run: (steps) => threads.run(execution, steps, index + 1),
    }))
    const samples = await interleave(runners, { rounds, milliseconds })
    const [one, two] = [samples.get(0), samples.get(1)]
    const overhead = two.map((time, round) => time - one[round] / 2)
    rows.push({
      name: workload.name,
      batchSize,
      parameters: parametersOf(training),
      activations: batchSize * layers.reduce((sum, width) => sum + width, 0),
      meetings: await meetingsOf(executions[1], threads),
      one: median(one),
      two: median(two),
      overhead: median(overhead),
      spread: spread(two),
    })
    for (const execution of executions) execution.dispose()
  }
  await threads.close()
  await engine.dispose()
  return rows
}

function parametersOf({ program }) {
  const weights = program.inputs.filter(({ role, name }) => role === 'state' && !name.startsWith('optimizer/'))
  return weights.reduce(
    (sum, { node }) => sum + program.nodes[node].shape.reduce((size, extent) => size * extent, 1),
    0,
  )
}

async function meetingsOf(execution, threads) {
  const STEPS = 100
  const [{ memory, exec }] = execution.begin(0, { workers: 2 })
  const generation = new Int32Array(memory.buffer, exec + 4 * GENERATION, 1)
  const before = generation[0]
  await threads.run(execution, STEPS, 2)
  // One more lets a span begin.
  return (generation[0] - before - 1) / STEPS
}
