/** Which random calculations an oracle is asked of. */
import { batchOf, scaleOf } from '../compare.js'
import { evaluateWithNoise } from '../mutations/rounding.js'
import type { RandomCalculation } from './random-calculation.js'

/** Of the largest magnitude of a result. */
const MOST_SPREAD = 1e-5
const MOST_RESULT_ELEMENTS = 100

/**
 * Whether f32 can tell its results: roundings move none of them by more than a hundred-thousandth, so no comparison,
 * order or truncation hangs on one; all values are in f32's range of normal numbers. The results must be few, too.
 */
export function isWellConditioned({ program, data, state }: RandomCalculation): boolean {
  const { values, spread, isInRange } = evaluateWithNoise(program, { batch: batchOf(data), state })
  if (!isInRange) return false
  return [...values].every(([name, numbers]) => {
    if (!name.startsWith('result ')) return true
    return numbers.length <= MOST_RESULT_ELEMENTS && (spread.get(name) ?? 0) <= MOST_SPREAD * scaleOf(numbers)
  })
}
