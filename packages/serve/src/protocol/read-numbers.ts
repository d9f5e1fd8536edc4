/** The numbers of a tensor in JSON: flat, or nested by its shape. */
import type { DType, Shape, Values } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { ARRAYS } from '@gradpool/trainer/predict'
import { kindOf, Refusal } from './refusal.js'

export interface Tensor {
  readonly name: string
  readonly dtype: DType
  /** Rows first. */
  readonly shape: Shape
  /** A number that is missing is null, and NaN for the model. */
  readonly mayMiss: boolean
}

const RANGES = {
  f32: { low: -Infinity, high: Infinity, what: 'finite numbers' },
  i32: { low: -(2 ** 31), high: 2 ** 31 - 1, what: 'whole numbers of 32 bits' },
  u8: { low: 0, high: 255, what: 'whole numbers from 0 to 255' },
} as const

/** @throws Refusal that names the tensor and the first value that is wrong */
export function readNumbers(tensor: Tensor, data: unknown): Values {
  const { name, dtype, shape, mayMiss } = tensor
  const values = new ARRAYS[dtype](sizeOf(shape))
  const isFlat = !Array.isArray(data) || !Array.isArray(data[0])
  let at = 0
  const visit = (list: unknown, [length = 0, ...inner]: Shape) => {
    if (!Array.isArray(list) || list.length !== length) {
      const given = Array.isArray(list) ? `a list of ${list.length}` : kindOf(list)
      throw new Refusal(400, `the data of '${name}' must be ${lengthsText(tensor, isFlat)}, and has ${given}`)
    }
    const entries: readonly unknown[] = list
    if (inner.length > 0) {
      for (const entry of entries) visit(entry, inner)
      return
    }
    for (const entry of entries) {
      if (typeof entry === 'number') values[at++] = entry
      else if (entry === null && mayMiss) values[at++] = NaN
      else throw refusedValue(tensor, entry)
    }
    if (dtype !== 'f32') checkWhole(tensor, entries)
  }
  visit(data, isFlat ? [values.length] : shape)
  if (dtype === 'f32') checkFinite(tensor, values)
  return values
}

/**
 * Values that came as bytes, or were rounded from numbers of 64 bits.
 *
 * @throws Refusal for what is not finite, but NaN where a number may be missing
 */
export function checkFinite(tensor: Tensor, values: Values): void {
  if (tensor.dtype !== 'f32') return
  // Of a finite number x, x - x is 0.
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0
    if (value - value !== 0 && !(tensor.mayMiss && Number.isNaN(value))) throw refusedValue(tensor, value, at)
  }
}

function checkWhole(tensor: Tensor, entries: readonly unknown[]): void {
  const { low, high } = RANGES[tensor.dtype]
  for (const entry of entries) {
    if (!(Number.isInteger(entry) && Number(entry) >= low && Number(entry) <= high)) throw refusedValue(tensor, entry)
  }
}

function refusedValue({ name, dtype, mayMiss }: Tensor, value: unknown, at?: number): Refusal {
  const orNull = mayMiss ? ' or null' : ''
  const where = at === undefined ? '' : ` at ${at}`
  return new Refusal(400, `'${name}' takes ${RANGES[dtype].what}${orNull}, not ${kindOf(value)}${where}`)
}

function lengthsText({ shape }: Tensor, isFlat: boolean): string {
  return isFlat ? `a list of ${sizeOf(shape)} numbers` : `lists nested by the shape [${shape.join(', ')}]`
}
