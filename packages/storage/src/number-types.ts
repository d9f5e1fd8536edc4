/** The types that numbers have in files of other libraries, each read as f32, rounded to the nearest. */
import type { Shape } from '@gradpool/core'

export interface NamedArray {
  readonly shape: Shape
  /** Row-major. */
  readonly values: Float32Array
}

/** An array as a file had it. */
export interface StoredArray extends NamedArray {
  /** What its numbers are in the file. */
  readonly type: NumberTypeName
}

export interface NumberType {
  readonly bytes: number
  /** The number at a place of bytes in this order. */
  read(view: DataView, offset: number, isLittleEndian: boolean): number
}

const names = ['F64', 'F32', 'F16', 'BF16', 'I64', 'U64', 'I32', 'U32', 'I16', 'U16', 'I8', 'U8', 'BOOL'] as const

export type NumberTypeName = (typeof names)[number]

export const numberTypeNames: readonly NumberTypeName[] = names

/** By name: `F` float, `BF` bfloat, `I` signed, `U` unsigned, with its bits. */
export const numberTypes: Readonly<Record<NumberTypeName, NumberType>> = {
  F64: { bytes: 8, read: (view, offset, little) => view.getFloat64(offset, little) },
  F32: { bytes: 4, read: (view, offset, little) => view.getFloat32(offset, little) },
  F16: { bytes: 2, read: (view, offset, little) => halfOf(view.getUint16(offset, little)) },
  BF16: { bytes: 2, read: (view, offset, little) => brainFloatOf(view.getUint16(offset, little)) },
  I64: { bytes: 8, read: (view, offset, little) => Number(view.getBigInt64(offset, little)) },
  U64: { bytes: 8, read: (view, offset, little) => Number(view.getBigUint64(offset, little)) },
  I32: { bytes: 4, read: (view, offset, little) => view.getInt32(offset, little) },
  U32: { bytes: 4, read: (view, offset, little) => view.getUint32(offset, little) },
  I16: { bytes: 2, read: (view, offset, little) => view.getInt16(offset, little) },
  U16: { bytes: 2, read: (view, offset, little) => view.getUint16(offset, little) },
  I8: { bytes: 1, read: (view, offset) => view.getInt8(offset) },
  U8: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  BOOL: { bytes: 1, read: (view, offset) => Number(view.getUint8(offset) !== 0) },
}

export function isNumberType(name: string): name is NumberTypeName {
  return Object.hasOwn(numberTypes, name)
}

/** All numbers of these bytes. */
export function readNumbers(bytes: Uint8Array, type: NumberType, isLittleEndian = true): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(bytes.byteLength / type.bytes)
  for (let index = 0; index < values.length; index++) {
    values[index] = type.read(view, index * type.bytes, isLittleEndian)
  }
  return values
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/**
 * The bits of the nearest half; ties go to the even one, and what is too large becomes infinite. As the step between
 * halves is known from the exponent, rounding is one division by it.
 */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  // Below 2^-14, halves are 2^-24 apart, without an exponent of their own.
  const exponent = size < 2 ** -14 ? -14 : Math.min(Math.floor(Math.log2(size)), 16)
  const steps = roundedToEven(size / 2 ** (exponent - 10))
  // A count of 2048 carries into the exponent, as it should.
  return sign | Math.min((exponent + 14) * 1024 + steps, 0x7c00)
}

function roundedToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

const word = new DataView(new ArrayBuffer(4))

/** The upper half of an f32. */
function brainFloatOf(bits: number): number {
  word.setUint32(0, bits * 0x1_0000)
  return word.getFloat32(0)
}
