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
import { rmsprop, rmspropRule, type RmsProp } from './rmsprop.js'
import { sgd, sgdRule, type Sgd } from './sgd.js'
import type { UpdateRule } from './update-rule.js'

export type Optimizer = Sgd | Adam | AdamW | RmsProp

/** An optimizer as a file or a configuration has it: its kind, and those fields that are not the default. */
export type OptimizerData = {
  readonly [O in Optimizer as O['kind']]: { readonly kind: O['kind'] } & Partial<Omit<O, 'kind'>>
}[Optimizer['kind']]

const constructors = { sgd, adam, adamw, rmsprop }
const knownKind = oneOf(...Object.keys(constructors))

/**
 * The optimizer that data of any origin describes, with the defaults.
 *
 * @throws FieldError naming the field that is wrong
 */
export function parseOptimizer(data: unknown): Optimizer {
  if (!isRecord(data)) throw new FieldError('', `must be an object, as adam() gives`)
  knownKind(data.kind, 'kind')
  // It is one of the kinds now, and its constructor checks the fields.
  const optimizer = data as unknown as OptimizerData
  const construct: (options: object) => Optimizer = constructors[optimizer.kind]
  return construct(optimizer)
}

/** The same optimizer; a schedule without an end ends after this many steps. @throws UserError where its warm-up is longer */
export function endingAfter(optimizer: Optimizer, totalSteps: number): Optimizer {
  return { ...optimizer, learningRate: untilTheEnd(optimizer.learningRate, totalSteps) }
}

/**
 * What an optimizer does; a rule of one's own stands for itself.
 *
 * @throws UserError for a kind that is not in the table.
 */
export function ruleOf(optimizer: Optimizer | UpdateRule): UpdateRule {
  if (!('kind' in optimizer)) return optimizer
  switch (optimizer.kind) {
    case 'sgd':
      return sgdRule(optimizer)
    case 'adam':
      return adamRule(optimizer)
    case 'adamw':
      return adamwRule(optimizer)
    case 'rmsprop':
      return rmspropRule(optimizer)
    default:
      throw new UserError(
        `there is no optimizer of kind "${String((optimizer as { kind: unknown }).kind)}"; ` +
          'there are sgd, adam, adamw and rmsprop',
      )
  }
}

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
