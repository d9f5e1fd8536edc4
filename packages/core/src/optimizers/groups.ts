/**
 * Groups of parameters, each with an optimizer of its own, by patterns of their paths.
 *
 *     groups({ '*.bias': adamw({ weightDecay: 0 }), '*': adamw() })
 *
 * The first pattern that matches a parameter's path tells its group. A pattern names a part of the model with all that
 * is in it: `encoder` is every parameter whose path begins with `encoder.`; `*` stands for any characters.
 */
import { isRecord } from '../checks.js'
import { FieldError, UserError } from '../errors.js'
import { parseSingle, type SingleData, type SingleOptimizer } from './kinds.js'
import type { UpdateRule } from './update-rule.js'

/** Parameters that stay as they are. */
export interface Frozen {
  readonly kind: 'frozen'
}

/** What may train a group. */
export type GroupOptimizer = SingleOptimizer | UpdateRule | Frozen

export interface Groups {
  readonly kind: 'groups'
  /** By pattern; the first that matches counts. */
  readonly groups: Readonly<Record<string, GroupOptimizer>>
}

/** The same as a configuration has it. */
export interface GroupsData {
  readonly kind: 'groups'
  readonly groups: Readonly<Record<string, SingleData | UpdateRule | Frozen>>
}

export const FROZEN: Frozen = Object.freeze({ kind: 'frozen' })

/** @throws UserError for what is no optimizer */
export function groups(groups: Groups['groups']): Groups {
  try {
    return parseGroups({ kind: 'groups', groups })
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    throw new UserError(`${error.field === '' ? 'groups' : error.field} ${error.problem}`, { cause: error })
  }
}

/** @throws FieldError naming the field that is wrong */
export function parseGroups({ kind: _, groups, ...others }: Readonly<Record<string, unknown>>): Groups {
  const [other] = Object.keys(others)
  if (other !== undefined) throw new FieldError('', `has no field '${other}'; its fields are kind, groups`)
  if (!isRecord(groups) || Object.keys(groups).length === 0) {
    throw new FieldError('groups', "must be an object of optimizers by pattern, as { '*': adam() }")
  }
  const parsed = Object.entries(groups).map(([pattern, data]) => [pattern, parseGroup(pattern, data)] as const)
  return Object.freeze({ kind: 'groups', groups: Object.freeze(Object.fromEntries(parsed)) })
}

function parseGroup(pattern: string, data: unknown): GroupOptimizer {
  const field = `groups["${pattern}"]`
  if (pattern === '') throw new FieldError(field, "is no pattern; '*' matches all")
  if (isRule(data)) return data
  if (isRecord(data) && data.kind === 'frozen') return FROZEN
  try {
    return parseSingle(data, 'frozen')
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    throw new FieldError(error.field === '' ? field : `${field}.${error.field}`, error.problem)
  }
}

/** Whether this is an update rule of the user's own. */
export function isRule(value: unknown): value is UpdateRule {
  return isRecord(value) && typeof value.update === 'function'
}

/** Whether a pattern names this parameter, or a part of the model that it is in. */
export function matchesPath(pattern: string, path: string): boolean {
  const parts = pattern.split(/\*+/).map((text) => text.replaceAll(/[.+?^${}()|[\]\\/]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}(\\..*)?$`, 'su').test(path)
}
