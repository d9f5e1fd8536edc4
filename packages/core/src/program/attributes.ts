/**
 * Attributes from outside: one table from op to the attributes that it has, and how each is
 * checked. What does not fit throws a ShapeError.
 */
import type { DType } from './dtype.js'
import { beginningOf } from './limits.js'
import type { AttributesByOp } from './node.js'
import { isInteger, isNumber, refuse } from './operand-checks.js'
import type { OpName } from './op-table.js'

/** As JSON has them. */
export type Attribute = number | string | boolean | readonly number[]
export type Attributes = Readonly<Record<string, Attribute>>

type Check<Value> = (value: Attribute | undefined, name: string) => Value

const CONVOLUTION = { strides: integers, dilations: integers, before: integers, groups: optional(whole) }
const POOL = { window: integers, strides: integers, before: integers }

const CHECKS: {
  readonly [Op in keyof AttributesByOp]: {
    readonly [Name in keyof AttributesByOp[Op]]-?: Check<AttributesByOp[Op][Name] | undefined>
  }
} = {
  constant: { values: numbers },
  random: {
    distribution: oneOf('distribution must be uniform or normal', 'uniform', 'normal'),
    purpose: (value) => (isInteger(value, 0, 0xffffffff) ? value : refuse('purpose must be an integer of 32 bits')),
  },
  cast: { dtype: oneOf<DType>('dtype must be f32, i32 or u8', 'f32', 'i32', 'u8') },
  sum: { axes: integers, segments: optional(whole) },
  reduceMax: { axes: integers },
  sort: { descending: optional(flag) },
  sortSpread: { descending: optional(flag) },
  transpose: { permutation: integers },
  slice: { starts: integers },
  pad: { before: integers },
  concat: {
    axis: (value) => (isInteger(value, 0) ? value : refuse('axis must name one of its axes')),
  },
  oneHot: { depth: positive },
  matmul: {
    transposeA: optional(flag),
    transposeB: optional(flag),
    segments: optional(whole),
  },
  conv: CONVOLUTION,
  convTranspose: CONVOLUTION,
  convFilter: { ...CONVOLUTION, segments: optional(whole) },
  maxPool: POOL,
  maxPoolSpread: POOL,
}

type ChecksByName = ReadonlyMap<string, Check<unknown>>

const NO_CHECKS: ChecksByName = new Map()
const CHECKS_BY_OP: ReadonlyMap<string, ChecksByName> = new Map(
  Object.entries(CHECKS).map(([op, checks]) => [op, new Map<string, Check<unknown>>(Object.entries(checks))]),
)

/**
 * Whether these are the attributes of a node of this op. @throws ShapeError for one that is wrong,
 * missing or unknown
 */
export function checkAttributes(op: OpName, attributes: Attributes): void {
  const checks = CHECKS_BY_OP.get(op) ?? NO_CHECKS
  for (const name of Object.keys(attributes)) {
    if (!checks.has(name)) refuse(`it has no attribute "${beginningOf(name)}"`)
  }
  checks.forEach((check, name) => check(attributes[name], name))
}

function optional<Value>(check: Check<Value>): Check<Value | undefined> {
  return (value, name) => (value === undefined ? undefined : check(value, name))
}

function oneOf<Value extends string>(complaint: string, ...known: readonly Value[]): Check<Value> {
  return (value) => known.find((each) => each === value) ?? refuse(complaint)
}

function numbers(value: Attribute | undefined): number | readonly number[] {
  if (isNumber(value) || typeof value === 'object') return value
  return refuse('values must be one number, or one number for each element')
}

function integers(value: Attribute | undefined, name: string): readonly number[] {
  if (typeof value !== 'object') return refuse(`${name} must be a list of integers`)
  if (!value.every((item) => isInteger(item, 0))) refuse(`${name} must be integers from 0`)
  return value
}

function positive(value: Attribute | undefined, name: string): number {
  return isInteger(value, 1) ? value : refuse(`${name} must be a positive integer`)
}

function whole(value: Attribute | undefined, name: string): number {
  return isInteger(value, 1) ? value : refuse(`${name} must be a whole number from 1`)
}

function flag(value: Attribute | undefined, name: string): boolean {
  return typeof value === 'boolean' ? value : refuse(`${name} must be true or false`)
}
