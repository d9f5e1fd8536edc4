/** Principal components: the two directions in which rows vary most. */

export interface Principal {
  readonly points: readonly (readonly [number, number])[]
  /** The shares of the variance that the two directions have. */
  readonly explained: readonly [number, number]
}

/** Enough to tell directions apart that differ by a hundredth in variance. */
const STEPS = 500

/** @param values of rows, one after the other */
export function principal(values: ArrayLike<number>, width: number): Principal {
  const numRows = values.length / width
  const at = (row: number, column: number) => values[row * width + column] ?? 0
  const columns = Array.from({ length: width }, (_, column) => column)
  const rows = Array.from({ length: numRows }, (_, row) => row)
  const means = columns.map((column) => rows.reduce((sum, row) => sum + at(row, column), 0) / numRows)
  const centred = rows.map((row) => columns.map((column) => at(row, column) - (means[column] ?? 0)))
  // covariance[i][j] = mean over the rows of x_i x_j
  const covariance = columns.map((i) =>
    columns.map((j) => centred.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), 0) / numRows),
  )
  const total = columns.reduce((sum, i) => sum + (covariance[i]?.[i] ?? 0), 0)
  const first = strongest(covariance, [])
  const second = strongest(covariance, [first.direction])
  const share = (variance: number) => (total > 0 ? variance / total : 0)
  return {
    points: centred.map((row) => [dot(row, first.direction), dot(row, second.direction)] as const),
    explained: [share(first.variance), share(second.variance)],
  }
}

/** The direction of the most variance that is at right angles to others, by power iteration. */
function strongest(covariance: readonly (readonly number[])[], others: readonly (readonly number[])[]) {
  // Any start will do that is at right angles to nothing in particular.
  let direction = unit(
    upright(
      covariance.map((_, i) => 1 + (i % 7) / 10),
      others,
    ),
  )
  for (let step = 0; step < STEPS; step++) {
    const next = covariance.map((row) => dot(row, direction))
    const rest = upright(next, others)
    if (dot(rest, rest) === 0) return { direction, variance: 0 }
    direction = unit(rest)
  }
  const variance = dot(
    direction,
    covariance.map((row) => dot(row, direction)),
  )
  // Of the two signs, the one whose largest element is positive.
  const largest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0)
  return { direction: largest < 0 ? direction.map((value) => -value) : direction, variance }
}

function upright(vector: readonly number[], others: readonly (readonly number[])[]): readonly number[] {
  return others.reduce<readonly number[]>((rest, other) => {
    const along = dot(rest, other)
    return rest.map((value, i) => value - along * (other[i] ?? 0))
  }, vector)
}

function unit(vector: readonly number[]): readonly number[] {
  const length = Math.sqrt(dot(vector, vector))
  return length > 0 ? vector.map((value) => value / length) : vector
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}
