/** Random numbers in the place of data, for measuring and trying out, as plain JSON. */
import { UserError, type DType } from '@gradpool/core'
import { beginningOf, MAX_OWN_NAME_LENGTH, nameProblem, sizeOf } from '@gradpool/core/engine'
import { rowsSplitFields, rowsSplitOf, type HeldOutTaking, type RowsSplit } from '../splits/rows-split.js'
import { fieldsTaken, isObject, notAllowed, shapeRule, splitSeedRule, type Rule } from '../spec-rules.js'

export interface RandomField {
  readonly dtype: DType
  /** Of one example: `[32, 32, 3]` for an image, `[]` for a single number. */
  readonly shape: readonly number[]
  /** Uniform from 0 to this: of `u8` and `i32` whole numbers below it. */
  readonly below: number
}

export interface RandomSpec<H = unknown> extends RowsSplit<H> {
  readonly kind: 'random'
  /** Whole examples. */
  readonly rows: number
  readonly fields: Readonly<Record<string, RandomField>>
  /** The same seed gives the same numbers; the seed of a run does not change them. */
  readonly seed: number
}

const MOST_NUMBERS = 2 ** 30

const countRule: Rule<number> = {
  expected: 'a whole number of at least 1',
  accepts: (value): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 1,
}

const dtypeRule: Rule<DType> = {
  expected: "'u8', 'i32' or 'f32'",
  accepts: (value): value is DType => value === 'u8' || value === 'i32' || value === 'f32',
}

/** The default, the largest bound, and whether it is whole. A draw is one of 2^24 numbers. */
const bounds = {
  u8: { byDefault: 256, most: 256, isWhole: true },
  i32: { byDefault: 2 ** 24, most: 2 ** 24, isWhole: true },
  f32: { byDefault: 1, most: 1e30, isWhole: false },
} as const satisfies Record<DType, unknown>

function belowRule(dtype: DType): Rule<number> {
  const { byDefault, most, isWhole } = bounds[dtype]
  return {
    expected: isWhole ? `a whole number from 1 to ${most}` : `a number above 0 and at most ${most}`,
    default: byDefault,
    accepts: (value): value is number =>
      typeof value === 'number' && value > 0 && value <= most && (!isWhole || Number.isInteger(value)),
  }
}

export function randomSpec<H>(value: object, taking: HeldOutTaking<H>): RandomSpec<H> {
  const { where } = taking
  const known = ['kind', 'rows', 'fields', 'seed', ...rowsSplitFields]
  const taker = fieldsTaken(value, where, known, 'an object such as randomData() returns')
  const rows = taker.take('rows', countRule)
  const fields = fieldsOf(taker.get('fields'), `${where}.fields`)
  const size = Object.values(fields).reduce((total, { shape }) => total + rows * sizeOf(shape), 0)
  if (size > MOST_NUMBERS) throw new UserError(`${where} has ${size} numbers, more than the ${MOST_NUMBERS} allowed`)
  return { kind: 'random', rows, fields, seed: taker.take('seed', splitSeedRule), ...rowsSplitOf(taker, taking) }
}

function fieldsOf(value: unknown, where: string): Readonly<Record<string, RandomField>> {
  const expected = "fields such as { image: { dtype: 'u8', shape: [32, 32, 3] } }"
  if (!isObject(value) || Object.keys(value).length === 0) throw notAllowed(where, expected, value)
  const given: readonly (readonly [string, unknown])[] = Object.entries(value)
  const fields = given.map(([name, field]): [string, RandomField] => {
    const problem = nameProblem(name, MAX_OWN_NAME_LENGTH)
    if (problem !== undefined) throw new UserError(`${where}.${beginningOf(name)} ${problem}`)
    const taker = fieldsTaken(field, `${where}.${name}`, ['dtype', 'shape', 'below'], '{ dtype, shape }')
    const dtype = taker.take('dtype', dtypeRule)
    return [name, { dtype, shape: [...taker.take('shape', shapeRule)], below: taker.take('below', belowRule(dtype)) }]
  })
  return Object.fromEntries(fields)
}
