/**
 * The optimizers: plain frozen data, one kind each, and what each kind does.
 *
 * Data goes into a configuration, a file and a hash; the rule it stands for is traced into a Program by `train`.
 */
import { isRecord } from '../checks.js'
import { parseGroups, type Groups, type GroupsData } from './groups.js'
import { parseSingle, type SingleData, type SingleOptimizer } from './kinds.js'

export type Optimizer = SingleOptimizer | Groups

/** An optimizer as a file or a configuration has it: its kind, and those fields that are not the default. */
export type OptimizerData = SingleData | GroupsData

/**
 * The optimizer that data of any origin describes, with the defaults.
 *
 * @throws FieldError naming the field that is wrong
 */
export function parseOptimizer(data: unknown): Optimizer {
  return isRecord(data) && data.kind === 'groups' ? parseGroups(data) : parseSingle(data, 'groups')
}

export { ADAM_CONSTANTS, ADAM_PATTERN, type AdamOperand } from './adam.js'
export { SGD_PATTERNS, type MomentumOperand } from './sgd.js'
export { adagrad, type Adagrad } from './adagrad.js'
export { adam, type Adam } from './adam.js'
export { adamw, type AdamW } from './adamw.js'
export { checkClip, clipByGlobalNorm, clipByValue, clipped, type Clip } from './clipping.js'
export { type Frozen, type GroupOptimizer, groups, type Groups, isRule } from './groups.js'
export type { SingleOptimizer } from './kinds.js'
export { lion, type Lion } from './lion.js'
export { muon, type Muon } from './muon.js'
export { nadam, type NAdam } from './nadam.js'
export { rmsprop, type RmsProp } from './rmsprop.js'
export { sgd, type Sgd } from './sgd.js'
export { type PlateauState, sharedState, type TrainedPart, TrainedParts } from './trained-parts.js'
export {
  updateRule,
  type ParameterUpdate,
  type ParameterState,
  type OptimizerUpdate,
  type OptimizerStep,
  type UpdateRule,
} from './update-rule.js'
