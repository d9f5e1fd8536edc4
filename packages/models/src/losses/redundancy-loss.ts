/** What two views of the same examples have in common, without redundancy. */
import {
  add,
  div,
  matmul,
  mean,
  mul,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  UserError,
  withDirection,
} from '@gradpool/core'
import { checkSameShape } from '../shapes.js'

/** Added to variances: a feature that is constant has no correlation. */
const EPSILON = 1e-4

/**
 * The mean over features of (1 - C_ii)² + weight · Σ_j≠i C_ij², C being the correlations over the batch between the
 * features of one view and those of the other; f32 scalar.
 *
 * So each feature is to say the same of both views, and something else than the others.
 * Source: Zbontar et al., "Barlow Twins: self-supervised learning via redundancy reduction" (2021).
 *
 * @param one, other [batch, features]
 * @param weight of redundancy against agreement
 * @throws UserError where the shapes are not equal matrices
 */
export function redundancyLoss(one: Tensor, other: Tensor, weight: number): Tensor {
  const [batch, features] = one.shape
  if (one.rank !== 2 || batch === undefined || features === undefined) {
    throw new UserError(`redundancyLoss: features must be [batch, features], not ${one.toString()}`)
  }
  checkSameShape('redundancyLoss', one, other)
  const [a, b] = [standardised(one), standardised(other)]
  const correlations = div(matmul(a, b, { transposeA: true }), batch) // [features, features]
  const own = mean(mul(a, b), 0) // [features], the diagonal
  const others = sub(sum(square(correlations)), sum(square(own)))
  const loss = add(mean(square(sub(1, own))), mul(div(others, features), weight))
  return withDirection(loss, 'min')
}

/** Each feature with mean 0 and variance 1 over the batch. */
function standardised(x: Tensor): Tensor {
  const centred = sub(x, mean(x, 0))
  return div(centred, sqrt(add(mean(square(centred), 0), EPSILON)))
}
