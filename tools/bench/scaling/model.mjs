/**
 * What a step costs with W workers, as a model with three constants:
 *
 *     t(W) = t(1) / W + (W - 1) * meetings * c + 2 * (1 - 1 / W) * (parameters * p + activations * a)
 *
 * c is a meeting of two and what one does alone there; more arrive at it one after another. p and a are what it costs
 * two workers that half of the fresh weights, and of the activations, were last written by another core.
 */

const TERMS = ['meeting', 'parameter', 'activation']

const amounts = ({ meetings, parameters, activations }) => [meetings, parameters, activations]

/** Least squares of the relative error of t(2); a constant that would be negative is 0. @returns constants in µs */
export function fitModel(rows) {
  let used = [0, 1, 2]
  for (;;) {
    const values = solve(
      rows.map((row) => used.map((term) => amounts(row)[term] / row.two)),
      rows.map(({ overhead, two }) => overhead / two),
    )
    if (values.every((value) => value >= 0)) {
      return Object.fromEntries(TERMS.map((term, index) => [term, values[used.indexOf(index)] ?? 0]))
    }
    const least = values.indexOf(Math.min(...values))
    used = used.filter((_, index) => index !== least)
  }
}

/** Microseconds of a step with so many workers, by part. */
export function predict(model, row, workers) {
  const { meetings, parameters, activations, one } = row
  const exchanged = 2 * (1 - 1 / workers)
  const parts = {
    compute: one / workers,
    meetings: (workers - 1) * meetings * model.meeting,
    weights: exchanged * parameters * model.parameter,
    activations: exchanged * activations * model.activation,
  }
  return { ...parts, all: Object.values(parts).reduce((sum, part) => sum + part, 0) }
}

/** With how many workers, of a power of 2, a step is shortest. */
export function bestWorkers(model, row) {
  const counts = Array.from({ length: 11 }, (_, power) => 2 ** power)
  const times = counts.map((workers) => predict(model, row, workers).all)
  return counts[times.indexOf(Math.min(...times))]
}

/** The least squares solution of an overdetermined system, by its normal equations. */
function solve(matrix, values) {
  const size = matrix[0].length
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => matrix.reduce((sum, row) => sum + row[i] * row[j], 0)),
    matrix.reduce((sum, row, k) => sum + row[i] * values[k], 0),
  ])
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      if (j === i) continue
      const factor = system[j][i] / system[i][i]
      system[j] = system[j].map((value, k) => value - factor * system[i][k])
    }
  }
  return system.map((row, i) => row[size] / row[i])
}
