const sums = new Float64Array(1)
/** Of the number in `sums`, the low one first, as on every machine that Node runs on. */
const words = new Uint32Array(sums.buffer)

/**
 * a * b + c of f32 numbers, rounded once to f32: how a matrix product adds a term, on every engine of this machine's
 * CPU. A product is `total = fusedMultiplyAdd(a, b, total)` from +0 on, in ascending order of the inner index, and
 * `total + 0` at its end.
 *
 * In f64 the product is exact, and TwoSum (Knuth) tells what rounding took from the sum. The sum is rounded to odd, its
 * last bit set where anything was taken, so that rounding it again does not round twice (Boldo and Melquiond, 2008).
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b
  const sum = product + c
  const without = sum - product
  const lost = product - (sum - without) + (c - without) // NaN where the sum is not finite
  sums[0] = sum
  const low = words[0] ?? 0
  if ((low & 1) === 1 || !(Math.abs(lost) > 0)) return Math.fround(sum)
  if (lost > 0 === sum > 0) {
    words[0] = low + 1
  } else {
    words[0] = low - 1
    if (low === 0) words[1] = (words[1] ?? 0) - 1
  }
  return Math.fround(sums[0])
}
