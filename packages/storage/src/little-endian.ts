/** Values as files have them: f32, little-endian. */

const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The bytes of these values themselves where the machine is little-endian, else of a copy. */
export function toLittleEndian(values: Float32Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = IS_LITTLE ? values : values.slice()
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return IS_LITTLE ? bytes : swapped(bytes)
}

/** A copy. */
export function fromLittleEndian(bytes: Uint8Array): Float32Array {
  const copy = Uint8Array.from(bytes)
  return new Float32Array((IS_LITTLE ? copy : swapped(copy)).buffer)
}

/** The values where they are, if the machine can read them there; else a copy. */
export function viewLittleEndian(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes
  if (!IS_LITTLE || byteOffset % 4 !== 0) return fromLittleEndian(bytes)
  return new Float32Array(buffer, byteOffset, byteLength / 4)
}

/** The bytes of each f32 the other way round, in place. */
function swapped<T extends Uint8Array>(bytes: T): T {
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  return bytes
}
