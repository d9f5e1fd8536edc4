/** Means and variances of metrics. */

/** A metric by its name; NaN where it is no number. */
export function numberAt(judged: object, name: string): number {
  const value: unknown = Reflect.get(judged, name)
  return typeof value === 'number' ? value : NaN
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** As of a sample. */
export function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values)
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
}
