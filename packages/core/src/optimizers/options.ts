/** Options that all optimizers share, and the checks of their fields. */
import { checkOptions, number, object, type Check } from '../checks.js'
import { checkLearningRate, isLearningRate, learningRateAt, type LearningRate } from '../training/schedules.js'
import type { Tensor } from '../tracing/tensor.js'
import { checkClip, type Clip } from './clipping.js'
import type { OptimizerStep } from './update-rule.js'

export interface OptimizerOptions {
  /** A number, or a schedule over the steps. */
  readonly learningRate?: LearningRate
  /** Bounds the gradients before the update. */
  readonly clip?: Clip
}

/** What makes an optimizer: its learning rate, or some of its fields. */
export type OptionsOf<O extends { readonly kind: string }> = LearningRate | Partial<Omit<O, 'kind'>>

export const DECAY = number(0, 1)
export const NOT_NEGATIVE = number(0)

/**
 * An optimizer's frozen data: the defaults with the options that are not undefined, after checking all fields. Another
 * optimizer's data is no mistake as long as the fields fit: the kind stays that of the defaults.
 *
 * @param checks of the fields besides the learning rate and the clipping
 * @throws UserError naming the optimizer, the field, and its range or the fields that there are
 */
export function checkedOptimizer<O extends { readonly kind: string } & OptimizerOptions>(
  defaults: O,
  options: OptionsOf<O>,
  checks: Readonly<Record<Exclude<keyof O, 'kind' | keyof OptimizerOptions>, Check>>,
): Readonly<O> {
  const given = isLearningRate(options) ? { learningRate: options } : options
  const said = Object.entries(given).filter(([name, value]) => name !== 'kind' && value !== undefined)
  const optimizer: O = { ...defaults, ...Object.fromEntries(said) }
  const fields = object({ learningRate: checkLearningRate, ...checks, clip: [checkClip] })
  checkOptions(defaults.kind, fields, { ...optimizer, kind: undefined })
  return Object.freeze(optimizer)
}

/** What is shared where a learning rate goes by a plateau: how often one was met, which the trainer counts. */
export const REDUCTIONS = 'reductions'

/** The learning rate of a step, f32 scalar. */
export function rateNow(
  { learningRate }: { readonly learningRate: LearningRate },
  { step, shared }: Pick<OptimizerStep, 'step' | 'shared'>,
): Tensor {
  return learningRateAt(learningRate, step, shared[REDUCTIONS])
}
