/** The name of trained weights: equal for equal bits under equal names. */
import { createSha256, type StateValues } from '@gradpool/core/engine'
import { toLittleEndian } from './little-endian.js'

/**
 * SHA-256, hexadecimal, of all states by name in code-unit order. Of each: the number of bytes of its name, the name in
 * UTF-8, the number of its values, and the values; numbers are u32 and values f32, little-endian.
 */
export function weightsHash(state: StateValues): string {
  const hash = createSha256()
  for (const name of Object.keys(state).sort()) {
    const values = state[name] ?? new Float32Array()
    const nameBytes = new TextEncoder().encode(name)
    hash.update(u32(nameBytes.length)).update(nameBytes).update(u32(values.length))
    hash.update(toLittleEndian(values))
  }
  return hash.digest()
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
