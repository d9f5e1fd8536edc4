/** Grids of settings: all combinations of the values of some fields. */

/** @returns an object for each combination; the last field changes fastest */
export function product(grid) {
  return Object.entries(grid).reduce(
    (settings, [field, values]) =>
      settings.flatMap((setting) => values.map((value) => ({ ...setting, [field]: value }))),
    [{}],
  )
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
