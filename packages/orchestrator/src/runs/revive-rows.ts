/** Rows of epochs and metrics of tests as they were before they were JSON, which has null for what is not finite. */

/** For `JSON.parse`. */
export function reviveRows(key: string, value: unknown): unknown {
  const hasMetrics = key === 'row' || key === 'epochs' || key === 'test'
  return hasMetrics && value !== null ? withNaN(value) : value
}

function withNaN(value: unknown): unknown {
  if (value === null) return NaN
  if (Array.isArray(value)) return value.map(withNaN)
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withNaN(each)]))
}
