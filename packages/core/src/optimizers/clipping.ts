/** Gradient clipping as data: bounds the gradients of a step before an optimizer sees them. */
import { object, oneOf, positive } from '../checks.js'
import { add, div, maximum, minimum, mul, sqrt } from '../ops/elementwise.js'
import { sum } from '../ops/reduction.js'
import type { Tensor } from '../tracing/tensor.js'

/**
 * - `globalNorm`: scales all gradients by min(1, max / n), n the Euclidean norm over all of them together;
 * - `value`: bounds each element to [-max, max].
 */
export interface Clip {
  readonly kind: 'globalNorm' | 'value'
  readonly max: number
}

export function clipByGlobalNorm(max: number): Clip {
  return checked({ kind: 'globalNorm', max })
}

export function clipByValue(max: number): Clip {
  return checked({ kind: 'value', max })
}

function checked(clip: Clip): Clip {
  checkClip(clip)
  return Object.freeze(clip)
}

const clipFields = object({ kind: oneOf('globalNorm', 'value'), max: positive })

/** @throws FieldError for another kind, or a bound that is not positive. */
export function checkClip(clip: unknown): void {
  clipFields(clip, 'clip')
}

/** The clipped gradients, in the same order. */
export function clipped(gradients: readonly Tensor[], clip: Clip | undefined): readonly Tensor[] {
  if (clip === undefined) return gradients
  const { kind, max } = clip
  if (kind === 'value') return gradients.map((gradient) => maximum(minimum(gradient, max), -max))
  const squares = gradients.map((gradient) => sum(mul(gradient, gradient)))
  const [first, ...rest] = squares
  if (first === undefined) return gradients
  // A norm of 0 gives max / 0 = ∞, and so the factor 1.
  const norm = sqrt(rest.reduce((total, square) => add(total, square), first))
  const factor = minimum(div(max, norm), 1)
  return gradients.map((gradient) => mul(gradient, factor))
}
