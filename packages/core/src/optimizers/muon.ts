/**
 * Muon: momentum whose matrix is made nearly orthogonal, so that a step moves all directions alike.
 *
 *     b' = flush(momentum * b + (1 - momentum) * g)
 *     u = (1 - momentum) * g + momentum * b' | b'                      nesterov | plain
 *     X = u / max(‖u‖, epsilon), then `steps` times X ← 3.4445 X + (-4.775 A + 2.0315 A A) X    with A = X Xᵀ
 *     w' = (w - (learningRate * weightDecay) * w) - (learningRate * √max(1, columns / rows)) * X
 *
 * The products are of the smaller side: where there are more rows than columns, A = Xᵀ X comes from the right. A filter
 * of a convolution is the matrix of its taps and channels by its outputs.
 *
 * Source: Jordan et al. (2024), Muon; the same recurrences as torch.optim.Muon, in f32 where that has bfloat16.
 */
import { UserError } from '../errors.js'
import { trueOrFalse, whole } from '../checks.js'
import { constant } from '../ops/constant.js'
import { add, div, flush, maximum, mul, sqrt, sub } from '../ops/elementwise.js'
import { reshape } from '../ops/layout.js'
import { matmul } from '../ops/product.js'
import { sum } from '../ops/reduction.js'
import { sizeOf } from '../program/dtype.js'
import type { LearningRate } from '../training/schedules.js'
import type { Tensor } from '../tracing/tensor.js'
import { checkedOptimizer, DECAY, NOT_NEGATIVE, rateNow, type OptimizerOptions, type OptionsOf } from './options.js'
import type { UpdateRule } from './update-rule.js'

export interface Muon extends OptimizerOptions {
  readonly kind: 'muon'
  readonly learningRate: LearningRate
  readonly momentum: number
  readonly nesterov: boolean
  readonly weightDecay: number
  /** Of the iteration that makes a matrix nearly orthogonal. */
  readonly steps: number
  readonly epsilon: number
}

/**
 * `muon(0.02)` has this learning rate. Defaults: learningRate 0.001, momentum 0.95, nesterov true, weightDecay 0.1,
 * steps 5, epsilon 1e-7. It is for matrices and filters: biases and norms go to another group.
 */
export function muon(options: OptionsOf<Muon> = {}): Muon {
  return checkedOptimizer<Muon>(
    { kind: 'muon', learningRate: 0.001, momentum: 0.95, nesterov: true, weightDecay: 0.1, steps: 5, epsilon: 1e-7 },
    options,
    { momentum: DECAY, nesterov: trueOrFalse, weightDecay: NOT_NEGATIVE, steps: whole(1, 20), epsilon: NOT_NEGATIVE },
  )
}

export function muonRule(config: Muon): UpdateRule<'momentum', never> {
  const { momentum, nesterov, weightDecay } = config
  return {
    slots: ['momentum'],
    shared: [],
    update(now) {
      const rate = rateNow(config, now)
      const decay = mul(rate, weightDecay)
      const [kept, rest] = [constant(momentum), constant(1 - momentum)]
      const parameters = now.parameters.map(({ name, weight, gradient, slots }) => {
        if (weight.rank < 2) throw new UserError(notAMatrix(name, weight))
        const b = flush(add(mul(kept, slots.momentum), mul(rest, gradient)))
        const u = nesterov ? add(mul(rest, gradient), mul(kept, b)) : b
        const columns = weight.shape.at(-1) ?? 1
        const rows = sizeOf(weight.shape) / columns
        const step = reshape(orthogonal(reshape(u, [rows, columns]), config), weight.shape)
        const decayed = weightDecay === 0 ? weight : sub(weight, mul(decay, weight))
        const size = mul(rate, Math.sqrt(Math.max(1, columns / rows)))
        return { weight: sub(decayed, mul(size, step)), slots: { momentum: b } }
      })
      return { shared: {}, parameters }
    },
  }
}

function notAMatrix(name: string, weight: Tensor): string {
  return (
    `muon is for matrices and filters, and "${name}" is ${weight.toString()}: ` +
    `train it in another group, as groups({ '${name}': adamw(), '*': muon() })`
  )
}

/** Of the iteration of Newton and Schulz, with the steepest slope at 0. */
const [A, B, C] = [3.4445, -4.775, 2.0315] as const

/** A matrix with nearly the same singular vectors whose singular values are all about 1. */
function orthogonal(matrix: Tensor, { steps, epsilon }: Muon): Tensor {
  const [rows = 1, columns = 1] = matrix.shape
  let x = div(matrix, maximum(sqrt(sum(mul(matrix, matrix))), epsilon))
  for (let step = 0; step < steps; step++) {
    const gram = rows > columns ? matmul(x, x, { transposeA: true }) : matmul(x, x, { transposeB: true })
    const update = add(mul(B, gram), mul(C, matmul(gram, gram)))
    x = add(mul(A, x), rows > columns ? matmul(x, update) : matmul(update, x))
  }
  return x
}
