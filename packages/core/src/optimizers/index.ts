/**
 * The optimizers: plain frozen data, one kind each, and what each kind does.
 *
 * Data goes into a configuration, a file and a hash; the rule it stands for is traced into a Program by `train`.
 */
import { UserError } from '../errors.js'
import { adamRule, type Adam } from './adam.js'
import { adamwRule, type AdamW } from './adamw.js'
import { rmspropRule, type RmsProp } from './rmsprop.js'
import { sgdRule, type Sgd } from './sgd.js'
import type { UpdateRule } from './update-rule.js'

export type Optimizer = Sgd | Adam | AdamW | RmsProp

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

export { adam, type Adam } from './adam.js'
export { adamw, type AdamW } from './adamw.js'
export { clipByGlobalNorm, clipByValue, clipped, type Clip } from './clipping.js'
export { rmsprop, type RmsProp } from './rmsprop.js'
export { sgd, type Sgd } from './sgd.js'
export {
  updateRule,
  type ParameterNext,
  type ParameterNow,
  type StepNext,
  type StepNow,
  type UpdateRule,
} from './update-rule.js'
