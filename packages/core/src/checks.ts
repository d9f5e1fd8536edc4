/**
 * Checks of options: what a field must be, in the words of the error. Each throws a FieldError.
 */
import { FieldError } from './errors.js'
import { beginningOf } from './program/limits.js'

/** @param field the path of the value, for the error */
export type Check = (value: unknown, field: string) => void

/** What the fields of an object must be; a check in a list is of a field that may be missing. */
export type Checks = Readonly<Record<string, Check | readonly [Check]>>

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The value of a name that a record has itself: not what every object inherits, as `constructor`.
 */
export function ownValue<Value>(record: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}

/** A number from `least` on, and below `below`. */
export function number(least: number, below = Infinity): Check {
  const range = below === Infinity ? `at least ${least}` : `at least ${least} and below ${below}`
  return check(`a number of ${range}`, (x) => isNumber(x) && x >= least && x < below)
}

export const positive = check('a positive number', (x) => isNumber(x) && x > 0 && x < Infinity)

/** A whole number from `least` to `most`. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Check {
  const upTo = most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''
  const isWhole = (x: unknown) => isNumber(x) && Number.isInteger(x) && x >= least && x <= most
  return check(`a whole number of at least ${least}${upTo}`, isWhole)
}

export const trueOrFalse = check('true or false', (x) => typeof x === 'boolean')

/** One of these texts. */
export function oneOf(...choices: readonly string[]): Check {
  const named = choices.map((choice) => `'${choice}'`)
  const text = `${named.slice(0, -1).join(', ')} or ${named.at(-1) ?? ''}`
  return check(text, (x) => typeof x === 'string' && choices.includes(x))
}

export function listOf(each: Check): Check {
  return (value, field) => {
    if (!Array.isArray(value)) throw refusal('a list', value, field)
    value.forEach((entry, i) => each(entry, `${field}[${i}]`))
  }
}

/** An object with these fields and no others, but for those that are undefined. */
export function object(checks: Checks): Check {
  return (value, field) => {
    if (!isRecord(value)) throw refusal('an object', value, field)
    const where = field === '' ? '' : `${field}.`
    for (const [key, given] of Object.entries(value)) {
      if (Object.hasOwn(checks, key) || given === undefined) continue
      const known = Object.keys(checks).join(', ')
      throw new FieldError(field, `has no field '${key}'; its fields are ${known}`)
    }
    for (const [key, each] of Object.entries(checks)) {
      const given = value[key]
      if (typeof each === 'function') each(given, `${where}${key}`)
      else if (given !== undefined) each[0](given, `${where}${key}`)
    }
  }
}

/** Checks options, naming whose they are in the error. */
export function checkOptions(owner: string, check: Check, options: unknown): void {
  try {
    check(options, '')
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    throw new FieldError(error.field, error.problem, owner)
  }
}

export function check(allowed: string, fits: (value: unknown) => boolean): Check {
  return (value, field) => {
    if (!fits(value)) throw refusal(allowed, value, field)
  }
}

export function refusal(allowed: string, value: unknown, field: string): FieldError {
  if (value === undefined) return new FieldError(field, `is missing; it must be ${allowed}`)
  return new FieldError(field, `must be ${allowed}, not ${shown(value)}`)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

/** As it would be written, cut short where it is long. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${beginningOf(value)}'`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (ArrayBuffer.isView(value)) return Object.prototype.toString.call(value).slice(8, -1)
  try {
    return JSON.stringify(value).slice(0, 60)
  } catch {
    // It has itself in it, or a value that JSON does not have.
    return 'an object'
  }
}
