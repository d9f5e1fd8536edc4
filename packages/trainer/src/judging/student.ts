/** Student's t distribution. */

/**
 * The probability of a |t| at least as large, of a whole number of degrees of freedom; to 1e-14.
 *
 * Source: Abramowitz & Stegun, "Handbook of mathematical functions" (1964), 26.7.3 and 26.7.4: with tan θ = t /
 * √degrees, a sum of powers of cos θ, each term the one before times cos² θ and a fraction.
 */
export function twoSidedP(t: number, degrees: number): number {
  const angle = Math.atan2(Math.abs(t), Math.sqrt(degrees))
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)]
  const isOdd = degrees % 2 === 1
  let [term, sum] = isOdd ? [cos, 0] : [1, 0]
  for (let power = isOdd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term
    term *= ((power + 1) / (power + 2)) * cos * cos
  }
  const inside = isOdd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum
  return Math.max(0, 1 - inside)
}
