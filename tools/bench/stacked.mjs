/**
 * `npm run bench:stacked`: microseconds per training step and replica, of one training alone and of several as a stack, in
 * the same rounds; and that both come to the same bits.
 */
import { adam, initialState, Stack } from '@gradpool/core'
import assert from 'node:assert/strict'
import { cpus } from 'node:os'
import { engines, splitOf, trainingOf } from './gradpool.mjs'
import { interleave, median, spread } from './statistics.mjs'
import { makeData } from './workloads.mjs'

const ROUNDS = 9
const ROUND_MS = 200
const SAME_STEPS = 300

const networks = [
  { kind: 'classify', layers: [784, 10, 10], replicas: [2, 4, 8, 16] },
  { kind: 'classify', layers: [784, 64, 10], replicas: [2, 4] },
  { kind: 'autoencode', layers: [784, 10, 784], replicas: [2, 8] },
  { kind: 'autoencode', layers: [784, 64, 10, 64, 784], replicas: [2, 8] },
].map((network) => ({ ...network, batchSize: 10, numExamples: 6000 }))

console.log(
  `${cpus()[0]?.model ?? 'unknown'}, one core, Node ${process.version}; medians of ${ROUNDS} interleaved rounds`,
)
const rows = []
for (const network of networks) {
  const data = splitOf(network, makeData(network))
  for (const [name, makeEngine] of Object.entries(engines)) {
    const engine = await makeEngine()
    for (const numReplicas of network.replicas) {
      rows.push(await measure(engine, name, network, data, numReplicas, sameRates))
    }
    if (network === networks[0]) {
      rows.push(await measure(engine, name, network, data, 8, ownRates))
    }
    await engine.dispose()
  }
}
console.table(rows)

function sameRates() {
  return adam()
}

function ownRates(replica) {
  return adam({ learningRate: 0.001 * (replica + 1) })
}

async function measure(engine, name, network, data, numReplicas, optimizerOf) {
  const replicas = Array.from({ length: numReplicas }, (_, replica) => {
    const training = trainingOf(network, data, optimizerOf(replica))
    return { training, state: initialState(training.program, replica) }
  })
  const stack = Stack.of(replicas.map(({ training }) => training))
  const compile = (program, state) => engine.compile(program, { data, seed: 0, state })
  const stacked = await compile(stack.training, stack.join(replicas.map(({ state }) => state)))
  const alone = []
  for (const { training, state } of replicas) alone.push(await compile(training, state))

  for (const execution of [stacked, ...alone]) await execution.run({ steps: SAME_STEPS })
  alone.forEach((one, replica) => {
    assert.deepEqual(stack.take(stacked.read(), replica), one.read())
  })

  const samples = await interleave([runner('alone', alone[0]), runner('stacked', stacked)], {
    rounds: ROUNDS,
    milliseconds: ROUND_MS,
  })
  for (const execution of [stacked, ...alone]) execution.dispose()
  const [one, all] = [samples.get('alone'), samples.get('stacked')]
  const perReplica = all.map((value) => value / numReplicas)
  const ratios = perReplica.map((value, round) => value / one[round])
  const figure = (values) => `${median(values).toFixed(1)} ±${(100 * spread(values)).toFixed(1)} %`
  return {
    network: network.layers.join('-'),
    by: name,
    replicas: numReplicas,
    'learning rates': optimizerOf === ownRates ? 'own' : 'one',
    'alone µs': figure(one),
    'stacked, per replica µs': figure(perReplica),
    ratio: median(ratios).toFixed(2),
  }
}

function runner(name, execution) {
  return {
    name,
    async run(steps) {
      const { status, lastLoss } = await execution.run({ steps })
      if (status !== 'done') throw new Error(`${name}: ${status}`)
      return lastLoss
    },
  }
}
