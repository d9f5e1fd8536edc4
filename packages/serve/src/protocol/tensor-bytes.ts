/** Arrays of numbers as they are sent: little-endian, row-major. */
import type { DType, Values } from '@gradpool/core'
import { bytesPerElement } from '@gradpool/core/engine'
import { ARRAYS } from '@gradpool/trainer/predict'

const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Where they are, if the machine can read them there; else a copy. The bytes are a whole number of values. */
export function valuesIn(dtype: DType, bytes: Uint8Array): Values {
  const size = bytesPerElement[dtype]
  const isReadable = bytes.byteOffset % size === 0 && (IS_LITTLE || size === 1)
  // `slice` of a Buffer is no copy.
  const own = isReadable ? bytes : swapped(new Uint8Array(bytes), size)
  return new ARRAYS[dtype](own.buffer, own.byteOffset, own.byteLength / size)
}

/** The bytes of the values themselves, where the machine has them so. */
export function bytesOf(values: Values): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return IS_LITTLE ? bytes : swapped(new Uint8Array(bytes), values.BYTES_PER_ELEMENT)
}

/** The bytes of each value the other way round, in place, where the machine has them so. */
function swapped(bytes: Uint8Array, size: number): Uint8Array {
  for (let at = 0; !IS_LITTLE && size > 1 && at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
  return bytes
}
