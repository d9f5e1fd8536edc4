/** Options that all optimizers share, and the checks of their numbers. */
import { UserError } from '../errors.js'
import { checkLearningRate, type LearningRate } from '../training/schedules.js'
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
 * An optimizer's frozen data: the defaults with the options that are not undefined, after checking the names of all
 * options, the learning rate, the clipping and the numbers named in `ranges`. Another optimizer's data is no mistake as
 * long as the fields fit: the kind stays that of the defaults.
 *
 * @throws UserError naming the optimizer, the field, and its range or the fields that there are.
 */
export function checkedOptimizer<O extends { readonly kind: string } & OptimizerOptions>(
  defaults: O,
  options: Partial<Omit<O, 'kind'>>,
  ranges: { readonly [Field in keyof O]?: Range },
): Readonly<O> {
  const { kind } = defaults
  const known = [...Object.keys(defaults).filter((field) => field !== 'kind'), 'clip']
  const given = Object.entries<unknown>(options).filter(([field]) => field !== 'kind')
  const unknown = given.find(([field]) => !known.includes(field))
  if (unknown !== undefined) {
    throw new UserError(`${kind} has no field '${unknown[0]}'; its fields are ${known.join(', ')}`)
  }
  const said = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  const optimizer: O = { ...defaults, ...said }
  if (optimizer.learningRate !== undefined) checkLearningRate(optimizer.learningRate)
  if (optimizer.clip !== undefined) checkClip(optimizer.clip)
  for (const [field, [least, below]] of Object.entries<Range>(ranges as Record<string, Range>)) {
    const value: unknown = optimizer[field as keyof O]
    if (typeof value !== 'number' || !(value >= least && value < below)) {
      const range =
        below === Infinity ? `at least ${least}` : `at least ${least} and below ${below}`
      throw new UserError(`${kind}: ${field} must be a number of ${range}, not ${String(value)}`)
    }
  }
  return Object.freeze(optimizer)
}
