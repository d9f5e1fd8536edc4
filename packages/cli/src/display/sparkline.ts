/** A curve in one line of text. */

const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/**
 * The values from left to right, each column the mean of those that fall into it; a space where none is a finite
 * number.
 *
 * @param width Columns at most.
 * @param range What the lowest and the highest level stand for, so that curves can share them. Default: that of the
 *   values.
 */
export function sparkline(values: readonly number[], width: number, range = rangeOf([values])): string {
  const columns = Math.min(width, values.length)
  const [low, high] = range
  let line = ''
  for (let at = 0; at < columns; at++) {
    const begin = Math.floor((at * values.length) / columns)
    const end = Math.floor(((at + 1) * values.length) / columns)
    const finite = values.slice(begin, end).filter(Number.isFinite)
    const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length
    if (finite.length === 0) {
      line += ' '
      continue
    }
    const part = high > low ? (mean - low) / (high - low) : 0
    line += LEVELS[Math.min(LEVELS.length - 1, Math.max(0, Math.floor(part * LEVELS.length)))] ?? ''
  }
  return line
}

/** The least and the largest finite number of several curves. */
export function rangeOf(curves: readonly (readonly number[])[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of curves.flat()) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}
