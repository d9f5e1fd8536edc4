/** What a regression makes of the output of its network: the mean of the target, or quantiles of it. */
import {
  add,
  concat,
  lessEqual,
  mean,
  mul,
  reshape,
  type Shape,
  slice,
  sort,
  sub,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { meanSquaredError } from '../losses/mean-squared-error.js'
import { quantileLoss } from '../losses/quantile-loss.js'

/** From the scale of the network to the units of the target. */
type Invert = (y: Tensor) => Tensor

export interface RegressOutputs {
  /** Outputs of the network. */
  readonly width: number
  /** @param target on the network's scale */
  loss(output: Tensor, target: Tensor): Tensor
  /** What predictions are, in the units of the target. */
  predictions(output: Tensor, invert: Invert): { readonly estimate: Tensor; readonly quantiles?: Tensor }
  /** @param target in its own units */
  metrics(predictions: { readonly quantiles?: Tensor }, target: Tensor): Readonly<Record<string, Tensor>>
}

/** @param shape of the target */
export function meanOutput(shape: Shape): RegressOutputs {
  const shaped = (output: Tensor) => reshape(output, [output.shape[0] ?? 1, ...shape])
  return {
    width: sizeOf(shape),
    loss: (output, target) => meanSquaredError(shaped(output), target),
    predictions: (output, invert) => ({ estimate: invert(shaped(output)) }),
    metrics: () => ({}),
  }
}

/**
 * The network's outputs are the quantiles one after the other, each of the shape of the target.
 *
 */
export function quantileOutputs(shape: Shape, quantiles: readonly number[]): RegressOutputs {
  const size = sizeOf(shape)
  const count = quantiles.length
  const distance = (at: number) => Math.abs((quantiles[at] ?? NaN) - 0.5)
  const middle = quantiles.reduce((best, _, at) => (distance(at) < distance(best) ? at : best), 0)
  /** Of [batch, quantiles, size]. */
  const at = (stacked: Tensor, place: number) => {
    const [rows = 1] = stacked.shape
    return reshape(slice(stacked, [0, place, 0], [rows, 1, size]), [rows, ...shape])
  }
  const stacked = (output: Tensor) => reshape(output, [output.shape[0] ?? 1, count, size])
  return {
    width: count * size,
    loss(output, target) {
      const each = quantiles.map((quantile, place) => quantileLoss(at(stacked(output), place), target, { quantile }))
      return each.reduce((total, one) => add(total, one))
    },
    predictions(output, invert) {
      const sorted = sort(stacked(output), { axis: 1 })
      const each = quantiles.map((_, place) => invert(at(sorted, place)))
      const rows = output.shape[0] ?? 1
      const joined = concat(
        each.map((one) => reshape(one, [rows, 1, ...shape])),
        1,
      )
      return { estimate: each[middle] ?? joined, quantiles: joined }
    },
    metrics({ quantiles: found }, target) {
      if (found === undefined) return {}
      const flat = reshape(found, [target.shape[0] ?? 1, count, size])
      const [low, high] = [at(flat, 0), at(flat, count - 1)]
      return {
        coverage: mean(mul(lessEqual(low, target), lessEqual(target, high))),
        width: mean(sub(high, low)),
      }
    },
  }
}

/** @throws UserError for quantiles that are not ascending, above 0 and below 1 */
export function checkQuantiles(quantiles: readonly number[]): void {
  const isAscending = quantiles.every((quantile, at) => quantile > (quantiles[at - 1] ?? 0) && quantile < 1)
  if (isAscending && quantiles.length > 0) return
  throw new UserError(`quantiles must be ascending, above 0 and below 1, not [${quantiles.join(', ')}]`)
}
