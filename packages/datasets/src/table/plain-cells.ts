/**
 * The cells of a line without quotes, cut and read as bytes. A plain decimal is a number at once: its digits, as a
 * whole number of at most 2^53, divided or multiplied by a power of ten of at most 10^22, are both exact as f64, so one
 * rounding gives the nearest f64 (Clinger, "How to read floating point numbers accurately", 1990). All else becomes a
 * text.
 */
/** A text or number as it stands in the file; undefined where there is none. */
export type Cell = string | number | undefined

const SPACE = 32
const PLUS = 43
const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57
const UPPER_E = 69
const LOWER_E = 101

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
/** Up to here a further digit keeps the whole number below 2^53. */
const MOST_BEFORE_DIGIT = 900_719_925_474_098

/**
 * Cuts a line at the delimiter.
 *
 * @param cells Gets the cells; it may have room for more than there are.
 * @param textOf The text of a cell, without spaces around it; undefined where nothing is left.
 * @returns how many cells the line has, also where they are more than `cells` takes
 */
export function plainCells(
  bytes: Uint8Array,
  delimiter: number,
  cells: Cell[],
  textOf: (start: number, end: number) => Cell,
): number {
  const { length } = bytes
  let count = 0
  for (let start = 0; start <= length; count++) {
    let at = start
    while (at < length && bytes[at] === SPACE && delimiter !== SPACE) at++
    const first = bytes[at]
    if (first === MINUS || first === PLUS) at++
    let whole = 0
    let digits = 0
    let decimals = 0
    let isExact = true
    let digit = bytes[at] ?? 0
    while (at < length && digit >= ZERO && digit <= NINE) {
      isExact &&= whole <= MOST_BEFORE_DIGIT
      whole = 10 * whole + (digit - ZERO)
      digits++
      digit = bytes[++at] ?? 0
    }
    if (at < length && digit === POINT) {
      digit = bytes[++at] ?? 0
      while (at < length && digit >= ZERO && digit <= NINE) {
        isExact &&= whole <= MOST_BEFORE_DIGIT
        whole = 10 * whole + (digit - ZERO)
        digits++
        decimals++
        digit = bytes[++at] ?? 0
      }
    }
    let power = -decimals
    if (digits > 0 && at < length && (digit === LOWER_E || digit === UPPER_E)) {
      let exponent = 0
      let exponentDigits = 0
      const sign = bytes[at + 1]
      at += sign === MINUS || sign === PLUS ? 2 : 1
      for (digit = bytes[at] ?? 0; at < length && digit >= ZERO && digit <= NINE; digit = bytes[++at] ?? 0) {
        exponent = Math.min(10 * exponent + (digit - ZERO), 10_000)
        exponentDigits++
      }
      power += sign === MINUS ? -exponent : exponent
      if (exponentDigits === 0) isExact = false
    }
    while (at < length && bytes[at] === SPACE && delimiter !== SPACE) at++
    const isNumber = digits > 0 && isExact && power >= -22 && power <= 22 && (at === length || bytes[at] === delimiter)
    if (isNumber) {
      const size = power < 0 ? whole / (POWERS_OF_TEN[-power] ?? 1) : whole * (POWERS_OF_TEN[power] ?? 1)
      if (count < cells.length) cells[count] = first === MINUS ? -size : size
    } else {
      const found = bytes.indexOf(delimiter, start)
      at = found < 0 ? length : found
      if (count < cells.length) cells[count] = textOf(start, at)
    }
    start = at + 1
  }
  return count
}
