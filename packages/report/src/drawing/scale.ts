/** From numbers to places, with ticks at round numbers. */

export interface Scale {
  (value: number): number
  readonly ticks: readonly number[]
}

const STEPS = [1, 2, 2.5, 5, 10]

/** @param range places of the least and the most */
export function linear(
  [least, most]: readonly [number, number],
  [from, to]: readonly [number, number],
  numTicks = 5,
): Scale {
  const [low, high] = least === most ? [least - 0.5, most + 0.5] : [least, most]
  const rough = (high - low) / numTicks
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * (STEPS.find((each) => each * power >= rough) ?? 10)
  const ticks: number[] = []
  const last = Math.floor(high / step + 1e-9)
  // Whole multiples of the step, so that no rounding adds up.
  for (let at = Math.ceil(low / step - 1e-9); at <= last; at++) ticks.push(Number((at * step).toPrecision(12)))
  return Object.assign((value: number) => from + ((value - low) / (high - low)) * (to - from), { ticks })
}

/** From the least to the most, with a little room on both sides. */
export function extent(values: readonly number[], room = 0.05): readonly [number, number] {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return [0, 1]
  const least = finite.reduce((low, value) => Math.min(low, value), Infinity)
  const most = finite.reduce((high, value) => Math.max(high, value), -Infinity)
  const margin = (most - least) * room || 0.5
  return [least - margin, most + margin]
}

export function tickText(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(0)
  return value.toLocaleString('en', { maximumSignificantDigits: 4 })
}
