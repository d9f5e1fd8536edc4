/**
 * The optimizers: plain frozen data, one kind each, and what each kind does.
 *
 * Data goes into a configuration, a file and a hash; the rule it stands for is traced into a Program by `train`.
 */
import { isRecord, oneOf } from '../checks.js'
import { FieldError, UserError } from '../errors.js'
import { untilTheEnd } from '../training/schedules.js'
import { adam, adamRule, type Adam } from './adam.js'
import { adamw, adamwRule, type AdamW } from './adamw.js'
import type { OptionsOf } from './options.js'
import { rmsprop, rmspropRule, type RmsProp } from './rmsprop.js'
import { sgd, sgdRule, type Sgd } from './sgd.js'
import type { UpdateRule } from './update-rule.js'

export type Optimizer = Sgd | Adam | AdamW | RmsProp

/** An optimizer as a file or a configuration has it: its kind, and those fields that are not the default. */
export type OptimizerData = {
  readonly [O in Optimizer as O['kind']]: { readonly kind: O['kind'] } & Partial<Omit<O, 'kind'>>
}[Optimizer['kind']]

interface Kind<O extends Optimizer> {
  make(options: OptionsOf<O>): O
  rule(optimizer: O): UpdateRule
}

const KINDS: { readonly [O in Optimizer as O['kind']]: Kind<O> } = {
  sgd: { make: sgd, rule: sgdRule },
  adam: { make: adam, rule: adamRule },
  adamw: { make: adamw, rule: adamwRule },
  rmsprop: { make: rmsprop, rule: rmspropRule },
}
const knownKind = oneOf(...Object.keys(KINDS))

/**
 * The optimizer that data of any origin describes, with the defaults.
 *
 * @throws FieldError naming the field that is wrong
 */
export function parseOptimizer(data: unknown): Optimizer {
  if (!isRecord(data)) throw new FieldError('', `must be an object, as adam() gives`)
  knownKind(data.kind, 'kind')
  // It is one of the kinds now, and its fields are checked here.
  const optimizer = data as unknown as OptimizerData
  const kind: Kind<Optimizer> = KINDS[optimizer.kind]
  return kind.make(optimizer)
}

/**
 * The same optimizer; a schedule without an end ends after this many steps. @throws UserError where its warm-up is
 * longer
 */
export function endingAfter(optimizer: Optimizer, totalSteps: number): Optimizer {
  return { ...optimizer, learningRate: untilTheEnd(optimizer.learningRate, totalSteps) }
}

/**
 * What an optimizer does; a rule of one's own stands for itself. @throws UserError for a kind that is not in the table
 */
export function ruleOf(optimizer: Optimizer | UpdateRule): UpdateRule {
  if (!('kind' in optimizer)) return optimizer
  if (!Object.hasOwn(KINDS, optimizer.kind)) {
    throw new UserError(`there is no optimizer of kind "${optimizer.kind}"; there are sgd, adam, adamw and rmsprop`)
  }
  const kind: Kind<Optimizer> = KINDS[optimizer.kind]
  return kind.rule(optimizer)
}

export { ADAM_CONSTANTS, ADAM_PATTERN, type AdamOperand } from './adam.js'
export { SGD_PATTERNS, type MomentumOperand } from './sgd.js'
export { adam, type Adam }
export { adamw, type AdamW }
export { checkClip, clipByGlobalNorm, clipByValue, clipped, type Clip } from './clipping.js'
export { rmsprop, type RmsProp }
export { sgd, type Sgd }
export {
  updateRule,
  type ParameterUpdate,
  type ParameterState,
  type OptimizerUpdate,
  type OptimizerStep,
  type UpdateRule,
} from './update-rule.js'
