/**
 * What the fields of a data spec may be, in code and in words.
 */
import { UserError } from '@gradpool/core'
import { nodeModule } from '@gradpool/core/node-module'

export interface Rule<T> {
  /** What the field must be, in words. */
  readonly expected: string
  readonly default?: T
  accepts(value: unknown): value is T
}

/** The fields of an object, each taken by its rule. */
export interface FieldTaker {
  /** @throws UserError that names the field, what it is, and what is allowed. */
  take<T>(field: string, rule: Rule<T>): T
  get(field: string): unknown
}

/** @throws UserError for a value that is no object, and for a field that is not known. */
export function fieldsTaken(value: unknown, where: string, known: readonly string[], expected: string): FieldTaker {
  if (!isObject(value)) throw new UserError(`${where} must be ${expected}, not ${shown(value)}`)
  const fields = new Map<string, unknown>(Object.entries(value))
  const unknown = [...fields.keys()].find((field) => !known.includes(field))
  if (unknown !== undefined) {
    throw new UserError(`${where} has no field '${unknown}'; its fields are ${known.join(', ')}`)
  }
  return {
    get: (field) => fields.get(field),
    take(field, rule) {
      const given = fields.get(field)
      const taken = given === undefined ? rule.default : given
      if (rule.accepts(taken)) return taken
      throw notAllowed(`${where}.${field}`, rule.expected, taken)
    },
  }
}

export function notAllowed(field: string, expected: string, found: unknown): UserError {
  return found === undefined
    ? new UserError(`${field} is missing, it must be ${expected}`)
    : new UserError(`${field} must be ${expected}, not ${shown(found)}`)
}

/** A value on one line, cut short where it is long. */
export function shown(value: unknown): string {
  const util = nodeModule('node:util')
  if (!util) return shownPlainly(value)
  const options = { breakLength: Infinity, compact: true, depth: 0, maxArrayLength: 3 }
  return util.inspect(value, { ...options, maxStringLength: 60 })
}

/** Where there is no Node. */
function shownPlainly(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? `'${value.slice(0, 60)}'` : String(value)
}

/** Names from a file, the first few of them. */
export function listed(names: readonly string[]): string {
  const first = names.slice(0, 10).map(shown)
  return [...first, ...(names.length > first.length ? ['…'] : [])].join(', ')
}

/** Any object but an array or a list of bytes, numbers or the like. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function numberRule(expected: string, accepts: (value: number) => boolean, byDefault: number): Rule<number> {
  return {
    expected,
    default: byDefault,
    accepts: (value): value is number => typeof value === 'number' && accepts(value),
  }
}

function isWhole(low: number, high: number): (value: number) => boolean {
  return (value) => Number.isInteger(value) && value >= low && value <= high
}

/** A whole number from `least` to `most`. */
export function wholeRule(least: number, most: number, byDefault: number): Rule<number> {
  return numberRule(`a whole number from ${least} to ${most}`, isWhole(least, most), byDefault)
}

const MOST_ROWS = 2 ** 31 - 1
const isCount = isWhole(0, MOST_ROWS)

/** How many rows a split takes: a share of them or a number. */
export function heldOutRule(byDefault: number): Rule<number> {
  const accepts = (value: number) => (value > 0 && value < 1) || isCount(value)
  const expected = `a share between 0 and 1 or a whole number from 0 to ${MOST_ROWS}`
  return numberRule(expected, accepts, byDefault)
}

export const labelledRule = numberRule('a number above 0 and at most 1', (f) => f > 0 && f <= 1, 1)
/** A share of the rows or a number of them, 1 being all of them; or those that have a target. */
export type Labelled = number | 'withTarget'
export const labelledRowsRule: Rule<Labelled> = {
  expected: "a share above 0 and at most 1, a whole number of rows, or 'withTarget'",
  default: 1,
  accepts: (value): value is Labelled =>
    value === 'withTarget' || (typeof value === 'number' && value > 0 && (value <= 1 || isCount(value))),
}
export const splitSeedRule = wholeRule(0, 2 ** 32 - 1, 0)
export const classesRule = wholeRule(1, 256, 10)
export const directoryRule = textRule('the path of a folder')

export function textRule(expected: string, byDefault?: string): Rule<string> {
  return {
    expected,
    ...(byDefault !== undefined && { default: byDefault }),
    accepts: (value): value is string => typeof value === 'string' && value !== '',
  }
}

/** The first is the default. */
export function oneOfRule<const T extends string | number>(first: T, ...others: readonly T[]): Rule<T> {
  const allowed: readonly unknown[] = [first, ...others]
  return {
    expected: allowed.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(' or '),
    default: first,
    accepts: (value): value is T => allowed.includes(value),
  }
}

/** Not empty, none twice. */
export function listOfNamesRule(expected: string): Rule<readonly string[]> {
  return {
    expected: `${expected}, none of them twice`,
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => typeof name === 'string' && name !== '') &&
      new Set(value).size === value.length,
  }
}

export const shapeRule: Rule<readonly number[]> = {
  expected: 'the shape of one example, such as [28, 28], or [] for a single number',
  accepts: (value): value is readonly number[] =>
    Array.isArray(value) && value.every((extent) => Number.isInteger(extent) && extent >= 1),
}
