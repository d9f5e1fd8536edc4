/** What all norms share: moments, what is divided by them, and checks. */
import { add, div, mean, type ReductionOptions, sqrt, square, sub, type Tensor, UserError } from '@gradpool/core'

export interface Moments {
  readonly mean: Tensor
  /** Biased: divided by the number of elements. */
  readonly variance: Tensor
}

export function momentsOf(x: Tensor, axes: readonly number[], options?: ReductionOptions): Moments {
  const center = mean(x, axes, options)
  return { mean: center, variance: mean(square(sub(x, center)), axes, options) }
}

/** (x - mean) / sqrt(variance + epsilon) */
export function normalised(x: Tensor, { mean, variance }: Moments, epsilon: number): Tensor {
  return div(sub(x, mean), sqrt(add(variance, epsilon)))
}

/** @throws UserError unless it is positive */
export function checkEpsilon(name: string, epsilon: number): void {
  if (epsilon > 0) return
  throw new UserError(`${name}: epsilon must be positive, not ${String(epsilon)}`)
}

/** @throws UserError unless `x` has this many axes and the last of them this width */
export function checkLastAxis(name: string, x: Tensor, width: number, leastRank = 1): void {
  if (x.rank >= leastRank && x.shape.at(-1) === width) return
  const axes = leastRank > 1 ? `[batch, ..., ${width}]` : `[..., ${width}]`
  throw new UserError(`${name}: x must be ${axes}, not ${x.toString()}`)
}
