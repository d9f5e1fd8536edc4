/** Gradient clipping as data: bounds the gradients of a step before an optimizer sees them. */
import { object, oneOf, positive } from '../checks.js'
import { abs, add, div, lessEqual, maximum, minimum, mul, select, sqrt } from '../ops/elementwise.js'
import { max as largestOf, sum } from '../ops/reduction.js'
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
  if (gradients.length === 0) return gradients
  const scale = scaleOf(gradients)
  const scaled = gradients.map((gradient) => div(gradient, scale))
  const norm = sqrt(
    scaled.map((gradient) => sum(mul(gradient, gradient))).reduce((total, square) => add(total, square)),
  )
  // A norm of 0 gives max / 0 = ∞, and so gradients as they are.
  const factor = minimum(div(max, norm), scale)
  return scaled.map((gradient) => mul(gradient, factor))
}

/** Magnitudes whose squares f32 holds, and sums of 2^31 of them. */
const ORDINARY = { least: 1e-14, most: 1e14 } as const

/** 1, unless squares of the gradients overflow, or all vanish: then their largest magnitude. */
function scaleOf(gradients: readonly Tensor[]): Tensor {
  const largest = gradients.map((gradient) => largestOf(abs(gradient))).reduce((a, b) => maximum(a, b))
  const isOrdinary = mul(lessEqual(ORDINARY.least, largest), lessEqual(largest, ORDINARY.most))
  // Gradients that are all 0 are divided by the smallest normal number.
  return select(isOrdinary, 1, maximum(largest, 2 ** -126))
}
