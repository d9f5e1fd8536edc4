/** The second convolution of LeNet by itself: forward, and the gradients by its input and its filter. */
import { writeFileSync } from 'node:fs'
import { timeWorkload } from '../peers/rounds.mjs'

const [BATCH, EXTENT, CHANNELS, FILTERS, TAPS] = [32, 14, 32, 64, 5]
const shapes = {
  x: [BATCH, EXTENT, EXTENT, CHANNELS],
  filter: [TAPS, TAPS, CHANNELS, FILTERS],
  gradient: [BATCH, EXTENT, EXTENT, FILTERS],
}

/** `result`: of which shape. */
const ops = [
  { op: 'forward', result: shapes.gradient },
  { op: 'input’s gradient', result: shapes.x },
  { op: 'filter’s gradient', result: shapes.filter },
]

/** Outputs along an axis that each tap has within the input, one after the other. */
const within = Array.from({ length: TAPS }, (_, tap) => EXTENT - Math.abs(tap - (TAPS - 1) / 2))
const valid = within.reduce((sum, outputs) => sum + outputs, 0) / (TAPS * EXTENT)

/** Of each of the three, taps in the padding counted. */
const flops = 2 * BATCH * EXTENT ** 2 * TAPS ** 2 * CHANNELS * FILTERS

/**
 * Times the three, each as a workload of its own.
 *
 * @param peak of the core's multiply-add, in GFLOP/s; undefined where it cannot be measured
 * @returns flops with and without the taps in the padding, the peak, and a row for each op and competitor
 */
export async function timeConvolution(competitors, data, { peakOf, ...effort }) {
  const numbers = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, noise(shape, i)]))
  writeFileSync(data, Buffer.concat(Object.values(numbers).map(({ buffer }) => Buffer.from(buffer))))
  const peaks = [peakOf()]
  const steps = []
  for (const { op, result } of ops) {
    const workload = { kind: 'convolution', op, result, shapes, numExamples: 1 }
    const expected = checkOf(op, numbers)
    // Each step computes the same.
    const losses = Array.from({ length: 8 }, () => expected)
    steps.push({
      workload: op,
      rows: await timeWorkload(competitors, workload, data, { ...effort, losses, learns: false }),
    })
    peaks.push(peakOf())
  }
  const known = peaks.filter((peak) => peak !== undefined)
  return {
    flops,
    flopsWithin: flops * valid ** 2,
    ...(known.length > 0 && { peak: Math.max(...known) }),
    steps,
  }
}

export function printConvolution({ flops, flopsWithin, peak, steps }) {
  console.log(`\nLeNet's second convolution alone, batch ${BATCH}, one core; GFLOP/s with taps in the padding counted`)
  const lines = steps.flatMap(({ workload, rows }) =>
    rows.map((row) => {
      if (row.failure !== undefined) return { op: workload, by: row.name, 'GFLOP/s': 'failed' }
      const share = peak && flopsWithin / row.microseconds / 1000 / peak
      return {
        op: workload,
        by: row.name,
        'GFLOP/s': (flops / row.microseconds / 1000).toFixed(1),
        spread: `±${(100 * row.spread).toFixed(1)} %`,
        'times Gradpool': row.timesGradpool.toFixed(2),
        ...(share && { 'of peak, padding not counted': `${(100 * share).toFixed(1)} %` }),
        version: row.version,
      }
    }),
  )
  console.table(lines)
  if (peak) console.log(`The peak of the core's multiply-add is ${peak.toFixed(1)} GFLOP/s.`)
}

/**
 * What each library tells of a result, that it is known to be the same: the sum of the squares of its first row, of
 * which there is one for each example, or row of taps. By the definition, in double precision.
 */
function checkOf(op, { x, filter, gradient }) {
  const [, ...rest] = ops.find((each) => each.op === op).result
  const row = new Float64Array(rest.reduce((size, extent) => size * extent, 1))
  const half = (TAPS - 1) / 2
  const isOfFilter = op === 'filter’s gradient'
  for (let example = 0; example < (isOfFilter ? BATCH : 1); example++) {
    for (let position = 0; position < EXTENT ** 2; position++) {
      const [i, j] = [Math.floor(position / EXTENT), position % EXTENT]
      for (let tap = 0; tap < (isOfFilter ? TAPS : TAPS ** 2); tap++) {
        const [u, v] = [Math.floor(tap / TAPS), tap % TAPS]
        const [row_, column] = [i + u - half, j + v - half]
        if (row_ < 0 || column < 0 || row_ >= EXTENT || column >= EXTENT) continue
        const input = ((example * EXTENT + row_) * EXTENT + column) * CHANNELS
        const output = (example * EXTENT ** 2 + position) * FILTERS
        for (let c = 0; c < CHANNELS; c++) {
          for (let f = 0; f < FILTERS; f++) {
            const weight = (tap * CHANNELS + c) * FILTERS + f
            if (op === 'forward') row[output + f] += x[input + c] * filter[weight]
            else if (isOfFilter) row[weight] += x[input + c] * gradient[output + f]
            else row[input + c] += gradient[output + f] * filter[weight]
          }
        }
      }
    }
  }
  return row.reduce((sum, value) => sum + value * value, 0)
}

/** The same numbers in [-0.5, 0.5) each time. */
function noise(shape, seed) {
  let state = seed + 1
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5
  return Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, next)
}
