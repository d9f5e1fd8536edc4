/** The name of trained weights: equal for equal bits. */
import type { StateValues } from '@gradpool/core'
import { createHash } from 'node:crypto'

/** SHA-256, hexadecimal, of all states by name in code-unit order, as little-endian f32. */
export function weightsHash(state: StateValues): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(state).sort()) {
    const values = state[name] ?? new Float32Array()
    const bytes = new DataView(new ArrayBuffer(values.length * 4))
    values.forEach((value, i) => {
      bytes.setFloat32(i * 4, value, true)
    })
    hash.update(bytes)
  }
  return hash.digest('hex')
}
