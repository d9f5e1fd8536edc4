/** Values as files have them: f32, little-endian. */
import { endianness } from 'node:os'

const IS_LITTLE = endianness() === 'LE'

/** The bytes of these values themselves where the machine is little-endian, else of a copy. */
export function toLittleEndian(values: Float32Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = IS_LITTLE ? values : values.slice()
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return IS_LITTLE ? bytes : Buffer.from(bytes).swap32()
}

/** A copy. */
export function fromLittleEndian(bytes: Uint8Array): Float32Array {
  const copy = Uint8Array.from(bytes)
  if (!IS_LITTLE) Buffer.from(copy.buffer).swap32()
  return new Float32Array(copy.buffer)
}
