import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { weightsHash } from './weights-hash.js'

it('is of the bytes of all states, by name', () => {
  const state = { 'b.weight': Float32Array.of(1), B: Float32Array.of(2, -0) }
  const bytes = Buffer.alloc(12)
  bytes.writeFloatLE(2, 0)
  bytes.writeFloatLE(-0, 4)
  bytes.writeFloatLE(1, 8)
  expect(weightsHash(state)).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(weightsHash({ ...state, B: Float32Array.of(2, 0) })).not.toBe(weightsHash(state))
})
