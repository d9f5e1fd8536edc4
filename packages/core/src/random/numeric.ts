/**
 * Elementary functions in single precision, built of f32 additions and multiplications alone.
 *
 * The kernels compute the same operations in the same order, so both give the same bits on every machine; `Math.log`
 * would not, since each JavaScript engine brings its own.
 */
const { fround } = Math

const bits = new Int32Array(1)
const float = new Float32Array(bits.buffer)

const SQRT_HALF = fround(0.70710677)
const LN2_HIGH = fround(0.693359375)
const LN2_LOW = fround(-2.1219444e-4)
const P0 = fround(7.0376836292e-2)
const P1 = fround(-1.151461031e-1)
const P2 = fround(1.167699874e-1)
const P3 = fround(-1.2420140846e-1)
const P4 = fround(1.4249322787e-1)
const P5 = fround(-1.6668057665e-1)
const P6 = fround(2.0000714765e-1)
const P7 = fround(-2.4999993993e-1)
const P8 = fround(3.3333331174e-1)

/**
 * The natural logarithm of a positive, normal f32, within one unit in the last place.
 *
 * Source: Cephes `logf` (S. Moshier); `x = m * 2^e` with m in [sqrt(1/2), sqrt(2)), then a polynomial in m - 1.
 */
export function logF32(x: number): number {
  float[0] = x
  const word = bits[0] ?? 0
  let e = ((word >>> 23) & 0xff) - 126
  bits[0] = (word & 0x007fffff) | 0x3f000000
  let m = float[0] // in [0.5, 1)
  if (m < SQRT_HALF) {
    e -= 1
    m = fround(m + m)
  }
  const f = fround(m - 1)
  const z = fround(f * f)
  let p = P0
  p = fround(fround(p * f) + P1)
  p = fround(fround(p * f) + P2)
  p = fround(fround(p * f) + P3)
  p = fround(fround(p * f) + P4)
  p = fround(fround(p * f) + P5)
  p = fround(fround(p * f) + P6)
  p = fround(fround(p * f) + P7)
  p = fround(fround(p * f) + P8)
  let y = fround(p * f)
  y = fround(y * z)
  y = fround(y + fround(e * LN2_LOW))
  y = fround(y - fround(0.5 * z))
  return fround(fround(f + y) + fround(e * LN2_HIGH))
}
