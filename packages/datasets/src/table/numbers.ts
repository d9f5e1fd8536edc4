/** Which texts of a table are numbers, and which stand for none. */

/** Texts that `Number` reads, and that are no decimals: 0x1f. */
const ofAnotherBase = /^0[xob]/i
const infinite = /^[+-]?(?:inf|infinity)$/i
/** As other programs write a missing number. */
const none = new Set(['NA', 'N/A', 'NaN', 'nan', 'NAN', 'null', 'NULL', 'None', '?'])

export function standsForNone(cell: string | number): boolean {
  return typeof cell === 'string' && none.has(cell)
}

/** A number as the nearest f64; or why it is none. */
export function numberIn(cell: string | number): number | 'text' | 'infinite' | 'large' {
  const value = Number(cell)
  if (typeof cell === 'string' && (!Number.isFinite(value) || ofAnotherBase.test(cell))) {
    if (infinite.test(cell)) return 'infinite'
    // Such as 1e999.
    return Number.isNaN(value) || Number.isFinite(value) ? 'text' : 'large'
  }
  return Number.isFinite(Math.fround(value)) ? value : 'large'
}
