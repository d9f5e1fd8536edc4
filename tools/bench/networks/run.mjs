/**
 * `npm run bench:networks`: a training step, Adam included, of convolutional, recurrent and attention networks on one
 * core, beside PyTorch and JAX in the same run; and the three ops of a convolution alone, beside PyTorch.
 *
 *     npm run bench:networks -- [--compiled] [--only lenet,resnet,convolution] [--quick]
 *
 * Timed as `npm run bench:peers` does: interleaved rounds, ratios round by round. All begin with the weights that
 * Gradpool has from seed 0, and a peer whose losses of its first steps are others than Gradpool's is not measured.
 *
 * --compiled adds PyTorch compiled, whose compilation takes minutes in all. Prints tables; where all networks were
 * asked for, writes results.json here. --quick takes a few tiny rounds, to try the benchmark, and writes nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { installed } from '../peers/install.mjs'
import { exitIfMissing } from '../../missing.mjs'
import { timeWorkload } from '../peers/rounds.mjs'
import { printSteps } from '../peers/tables.mjs'
import { peakMeter } from '../products/program.mjs'
import { printConvolution, timeConvolution } from './convolution.mjs'
import { networks } from './networks.mjs'
import { competitors, convolutionCompetitors } from './peers.mjs'
import { referenceOf } from './reference.mjs'

const { values: options } = parseArgs({
  options: {
    compiled: { type: 'boolean', default: false },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})
/** The convolution alone, by this name among those of networks. */
const CONVOLUTION = 'convolution'
const effort = options.quick ? { rounds: 2, milliseconds: 50 } : { rounds: 9, milliseconds: 600 }

const chosen = chosenNetworks()
const missing = new Set()
const installedOf = (peers) => installed(peers, (sentence) => missing.add(sentence))
const measured = installedOf(competitors.filter(({ isSlowToCompile }) => options.compiled || !isSlowToCompile))
const ofConvolution = installedOf(convolutionCompetitors)
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
let convolution
const folder = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
try {
  for (const network of chosen) {
    const { name, batchSize } = network
    const [data, weights] = [join(folder, 'examples'), join(folder, 'weights')]
    const bytes = network.examples(network.numExamples)
    writeFileSync(data, bytes)
    const { parameters, losses, flops } = await referenceOf(network, bytes, weights)
    const { kind, field, features, numExamples } = network
    const workload = { kind, field, features, numExamples, batchSize, weights, parameters }
    const own = measured.filter(({ kinds }) => kinds?.includes(kind) ?? true)
    const rows = await timeWorkload(own, workload, data, { ...effort, losses, learns: !options.quick })
    const result = { workload: name, batchSize, flops, rows }
    steps.push(result)
    printSteps(result)
  }
  if (isChosen(CONVOLUTION)) {
    const [instructionSet] = nativeInstructionSets()
    const peakOf =
      instructionSet === undefined ? () => undefined : await exitIfMissing(() => peakMeter(folder, instructionSet))
    convolution = await timeConvolution(ofConvolution, join(folder, 'convolution'), { ...effort, peakOf })
    printConvolution(convolution)
  }
} finally {
  rmSync(folder, { recursive: true })
}
const failed = [...missing]
for (const { workload, rows } of [...steps, ...(convolution?.steps ?? [])]) {
  for (const { name, failure } of rows) if (failure !== undefined) failed.push(`${workload}, ${name}: ${failure}`)
}
for (const line of failed) console.error(`Not measured: ${line}`)
if (failed.length > 0) process.exitCode = 1
else if (options.only === undefined && !options.quick) {
  const results = {
    date: new Date().toISOString().slice(0, 10),
    command: `npm run bench:networks${options.compiled ? ' -- --compiled' : ''}`,
    machine,
    rounds: effort.rounds,
    steps,
    convolution,
  }
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
}

function isChosen(kind) {
  return options.only === undefined || options.only.split(',').includes(kind)
}

function chosenNetworks() {
  const known = [...new Set(networks.map(({ kind }) => kind)), CONVOLUTION]
  const unknown = (options.only?.split(',') ?? []).filter((kind) => !known.includes(kind))
  if (unknown.length > 0) {
    console.error(`No network ${unknown.join(', ')}; there are ${known.join(', ')}.`)
    process.exit(2)
  }
  return networks.filter(({ kind }) => isChosen(kind))
}
