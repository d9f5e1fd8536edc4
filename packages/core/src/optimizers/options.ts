/** Options that all optimizers share, and the checks of their numbers. */
import { UserError } from '../errors.js'
import { checkLearningRate, type LearningRate } from '../schedules.js'
import { checkClip, type Clip } from './clipping.js'

export interface OptimizerOptions {
  /** A number, or a schedule over the steps. */
  readonly learningRate?: LearningRate
  /** Bounds the gradients before the update. */
  readonly clip?: Clip
}

type Range = readonly [least: number, below: number]

export const DECAY: Range = [0, 1]
export const NOT_NEGATIVE: Range = [0, Infinity]

/**
 * Freezes an optimizer's data, after checking its learning rate, clipping and the numbers named in `ranges`.
 *
 * @throws UserError naming the optimizer, the field and its range.
 */
export function checkedOptimizer<O extends { readonly kind: string } & OptimizerOptions>(
  optimizer: O,
  ranges: { readonly [Field in keyof O]?: Range },
): Readonly<O> {
  if (optimizer.learningRate !== undefined) checkLearningRate(optimizer.learningRate)
  if (optimizer.clip !== undefined) checkClip(optimizer.clip)
  for (const [field, [least, below]] of Object.entries<Range>(ranges as Record<string, Range>)) {
    const value: unknown = optimizer[field as keyof O]
    if (typeof value !== 'number' || !(value >= least && value < below)) {
      const range =
        below === Infinity ? `at least ${least}` : `at least ${least} and below ${below}`
      throw new UserError(
        `${optimizer.kind}: ${field} must be a number of ${range}, not ${String(value)}`,
      )
    }
  }
  return Object.freeze(optimizer)
}
