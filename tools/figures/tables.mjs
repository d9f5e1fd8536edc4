/** The tables of our pages, from the results that are committed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../environment.mjs'
import { cellsOf, heads } from '../hashing/table.mjs'
import { duration } from '../bench/peers/tables.mjs'
import { meanAndDeviation, tableOf } from './markdown.mjs'

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))

/** Test accuracies of the report's experiments. */
export function reportTable() {
  const { experiments, seeds } = read('tools/report/results.json')
  const jax = read('tools/oracles/catalogue_jax.json').presets.report
  const ours = `seeds ${seeds.at(0)}–${seeds.at(-1)}`
  return tableOf(
    ['experiment', 'condition', 'report', `ours, ${ours}`, `JAX, ${jax.seeds.length} seeds`, `\`tuned\`, ${ours}`],
    experiments.map((its) => [
      its.name,
      its.condition,
      its.reported.toFixed(3),
      meanAndDeviation(its.default),
      meanAndDeviation(jax.experiments[its.name].accuracy.values),
      meanAndDeviation(its.tuned),
    ]),
  )
}

/** Steps of networks, in milliseconds, and where they were measured. */
export function networksTable() {
  const { steps, machine, rounds, date } = read('tools/bench/networks/results.json')
  const ids = peersOf(steps)
  const versions = new Map(
    steps.flatMap(({ rows }) => rows).map(({ name, version }) => [name.split(/,? /)[0], version.split('+')[0]]),
  )
  const measured = [`${machine.cpu}`, `Node ${machine.node.slice(1)}`, ...[...versions].map((each) => each.join(' '))]
  const table = tableOf(
    ['network', 'batch', ...ids.map(nameOf(steps)), 'native / best'],
    steps.map(({ workload, batchSize, rows }) => [
      workload,
      batchSize,
      ...ids.map((id) => cellOf(rows, id, (row) => `${milliseconds(row)} ± ${Math.round(100 * row.spread)} %`)),
      nativeByBest(rows).toFixed(2),
    ]),
  )
  return `${table}\n\n${measured.join(', ')}; medians of ${rounds} rounds, ${date}.`
}

/** The times to the first steps of the same, in seconds. */
export function firstStepsTable() {
  const { steps } = read('tools/bench/networks/results.json')
  const ids = peersOf(steps)
  return tableOf(
    ['network', 'batch', ...ids.map(nameOf(steps))],
    steps.map(({ workload, batchSize, rows }) => [
      workload,
      batchSize,
      ...ids.map((id) => cellOf(rows, id, ({ firstStepSeconds }) => firstStepSeconds.toFixed(1))),
    ]),
  )
}

/** The three ops of a convolution alone: of the core's peak, taps in the padding not counted, and beside PyTorch. */
export function convolutionTable() {
  const { flopsWithin, peak, steps } = read('tools/bench/networks/results.json').convolution
  const ids = peersOf(steps)
  const table = tableOf(
    ['op', ...ids.map(nameOf(steps)), 'native / PyTorch, in time'],
    steps.map(({ workload, rows }) => [
      workload,
      ...ids.map((id) =>
        cellOf(rows, id, ({ microseconds }) => `${Math.round(flopsWithin / microseconds / 10 / peak)} %`),
      ),
      nativeByBest(rows).toFixed(2),
    ]),
  )
  return `${table}\n\nOf the core's peak in the same run, ${Math.round(peak)} GFLOP/s.`
}

/** Steps of dense networks on one core, and the catalogue on all, beside all peers. */
export function peersTable() {
  const { steps, catalogue, machine, rounds, date } = read('tools/bench/peers/results.json')
  const heads = steps.map(({ workload, batchSize }) => `${workload.split(' ')[0]}, batch ${batchSize}`)
  const names = steps[0].rows.map(({ name }) => name)
  const rows = names.map((name) => [
    name,
    ...steps.map(({ rows }) => {
      const { microseconds, spread, timesGradpool } = rows.find((row) => row.name === name)
      return `${duration(microseconds)} ± ${Math.round(100 * spread)} % (${timesGradpool.toFixed(2)})`
    }),
  ])
  const whole = catalogue.map(({ name, seconds, timesGradpool }) => [
    name,
    `${seconds.toFixed(1)} s`,
    timesGradpool.toFixed(2),
  ])
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node.slice(1)}, ${date}`
  return [
    tableOf(['a step, one core', ...heads], rows),
    `In brackets, the time by native code's, round by round; medians of ${rounds.steps} interleaved rounds. ${where}.`,
    tableOf(['all six experiments, both cores', 'time', "by native code's"], whole),
    `Whole processes; medians of ${rounds.catalogue} rounds.`,
  ].join('\n\n')
}

/** Steps that several workers run together, beside PyTorch's. */
export function scalingTable() {
  const { steps, machine, effort, date } = read('tools/bench/scaling/results.json')
  const columns = [...new Set(steps.map(({ network }) => network))].map((network) => {
    const its = steps.filter((step) => step.network === network)
    return { head: `${network}, batch ${its[0].batchSize}`, rows: its.flatMap(({ rows }) => rows) }
  })
  const names = columns[0].rows.map(({ name }) => name)
  const table = tableOf(
    ['a step', ...columns.map(({ head }) => head)],
    names.map((name) => [
      name,
      ...columns.map(({ rows }) => {
        const row = rows.find((each) => each.name === name)
        return `${Math.round(row.microseconds).toLocaleString('en')} µs ± ${Math.round(100 * row.spread)} %`
      }),
    ]),
  )
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node.slice(1)}`
  return `${table}\n\n${where}; medians of ${effort.rounds} interleaved rounds, ${date}.`
}

/** What the fitted model says of more cores. */
export function predictionsTable() {
  const { predictions } = read('tools/bench/scaling/results.json')
  const counts = predictions[0].times.map(({ workers }) => workers)
  return tableOf(
    ['predicted', ...counts, 'fastest with'],
    predictions.map(({ network, batchSize, one, times, bestWorkers }) => [
      `${network}, batch ${batchSize}`,
      ...times.map(({ all }) => (one / all).toFixed(1)),
      bestWorkers,
    ]),
  )
}

const peersOf = (steps) => [...new Set(steps.flatMap(({ rows }) => rows.map(({ id }) => id)))]

const nameOf = (steps) => (id) => steps.flatMap(({ rows }) => rows).find((row) => row.id === id).name

function cellOf(rows, id, text) {
  const row = rows.find((row) => row.id === id)
  return row === undefined ? '' : text(row)
}

const milliseconds = ({ microseconds }) => (microseconds / 1000).toFixed(1)

/** Times of others are in terms of native code's. */
function nativeByBest(rows) {
  const others = rows.filter(({ name }) => !name.startsWith('Gradpool'))
  return 1 / Math.min(...others.map(({ timesGradpool }) => timesGradpool))
}

/** Retrieval quality of hash codes. */
export function hashingTable() {
  return tableOf(heads, read('tools/hashing/results.json').rows.map(cellsOf))
}

/** What was tried for the weight of the hash codes. */
export function codesTable() {
  const { seeds, tried } = read('tools/choose/results.json').codes
  return tableOf(
    ['weight × bits', 'mAP, mean', ...seeds.map((seed) => `seed ${seed}`)],
    tried.map(({ decorrelationTimesBits, score, precisions }) => [
      String(decorrelationTimesBits),
      ...[score, ...precisions].map((value) => value.toFixed(3)),
    ]),
  )
}

/** What was tried for the preset `tuned`, the best first. */
export function tunedTable() {
  const { tried } = read('tools/choose/results.json').tuned
  const best = [...tried].sort((a, b) => b.score - a.score)
  return tableOf(
    ['activation', 'learning rate', 'rate, 600 labels', 'weight decay, 600 labels', 'validation accuracy'],
    best.map((its) => [
      its.activation,
      its.learningRate,
      its.fewLabelsLearningRate,
      its.fewLabelsWeightDecay,
      its.score.toFixed(3),
    ]),
  )
}
