/** Every kind of optimizer: what makes its data, and the rule that the data stand for. */
import { isRecord, oneOf } from '../checks.js'
import { FieldError, UserError } from '../errors.js'
import { untilTheEnd, type Plateau } from '../training/schedules.js'
import { adagrad, adagradRule, type Adagrad } from './adagrad.js'
import { adam, adamRule, type Adam } from './adam.js'
import { adamw, adamwRule, type AdamW } from './adamw.js'
import { lion, lionRule, type Lion } from './lion.js'
import { muon, muonRule, type Muon } from './muon.js'
import { nadam, nadamRule, type NAdam } from './nadam.js'
import { REDUCTIONS, type OptionsOf } from './options.js'
import { rmsprop, rmspropRule, type RmsProp } from './rmsprop.js'
import { sgd, sgdRule, type Sgd } from './sgd.js'
import type { UpdateRule } from './update-rule.js'

/** An optimizer that treats all of its parameters alike. */
export type SingleOptimizer = Sgd | Adam | AdamW | NAdam | RmsProp | Adagrad | Lion | Muon

/** The same as a file or a configuration has it: its kind, and those fields that are not the default. */
export type SingleData = {
  readonly [O in SingleOptimizer as O['kind']]: { readonly kind: O['kind'] } & Partial<Omit<O, 'kind'>>
}[SingleOptimizer['kind']]

interface Kind<O extends SingleOptimizer> {
  make(options: OptionsOf<O>): O
  rule(optimizer: O): UpdateRule
}

const KINDS: { readonly [O in SingleOptimizer as O['kind']]: Kind<O> } = {
  sgd: { make: sgd, rule: sgdRule },
  adam: { make: adam, rule: adamRule },
  adamw: { make: adamw, rule: adamwRule },
  nadam: { make: nadam, rule: nadamRule },
  rmsprop: { make: rmsprop, rule: rmspropRule },
  adagrad: { make: adagrad, rule: adagradRule },
  lion: { make: lion, rule: lionRule },
  muon: { make: muon, rule: muonRule },
}

/**
 * The optimizer that data of any origin describes, with the defaults.
 *
 * @param others kinds that stand where one of these may
 * @throws FieldError naming the field that is wrong
 */
export function parseSingle(data: unknown, ...others: readonly string[]): SingleOptimizer {
  if (!isRecord(data)) throw new FieldError('', `must be an object, as adam() gives`)
  oneOf(...Object.keys(KINDS), ...others)(data.kind, 'kind')
  // It is one of the kinds now, and its fields are checked here.
  const optimizer = data as unknown as SingleData
  const kind: Kind<SingleOptimizer> = KINDS[optimizer.kind]
  return kind.make(optimizer)
}

/**
 * What an optimizer does.
 *
 * @param totalSteps where a schedule without an end ends
 * @throws UserError for a kind that is not in the table, or a warm-up that is longer
 */
export function ruleOf(optimizer: SingleOptimizer, totalSteps: number | undefined): UpdateRule {
  if (!Object.hasOwn(KINDS, optimizer.kind)) {
    const names = Object.keys(KINDS)
    const known = `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
    throw new UserError(`there is no optimizer of kind "${optimizer.kind}"; there are ${known}`)
  }
  const kind: Kind<SingleOptimizer> = KINDS[optimizer.kind]
  const { learningRate } = optimizer
  const ending = totalSteps === undefined ? learningRate : untilTheEnd(learningRate, totalSteps)
  const rule = kind.rule({ ...optimizer, learningRate: ending })
  return plateauOf(optimizer) ? { ...rule, shared: [...rule.shared, REDUCTIONS] } : rule
}

/** The schedule of an optimizer whose learning rate goes by a plateau. */
export function plateauOf({ learningRate }: Pick<SingleOptimizer, 'learningRate'>): Plateau | undefined {
  return typeof learningRate === 'object' && learningRate.kind === 'plateau' ? learningRate : undefined
}
