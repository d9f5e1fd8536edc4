import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { weightsHash } from './weights-hash.js'

const state = { 'b.weight': Float32Array.of(1), B: Float32Array.of(2, -0) }

it('is of the names, lengths and bytes of all states, by name', () => {
  const u32 = (value: number) => Uint8Array.of(value, 0, 0, 0)
  const f32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatLE(value)
    return bytes
  }
  const bytes = Buffer.concat([
    ...[u32(1), Buffer.from('B'), u32(2), f32(2), f32(-0)],
    ...[u32(8), Buffer.from('b.weight'), u32(1), f32(1)],
  ])
  expect(weightsHash(state)).toBe(createHash('sha256').update(bytes).digest('hex'))
})

it('stays what it is, or weights could not be compared with those of earlier runs', () => {
  expect(weightsHash(state)).toMatchInlineSnapshot(`"c7f7459d009490f070383018a60f4d9d11760af3aaee0fa1fe03b390ab86224d"`)
})

it('does not depend on the order in which the states are given', () => {
  const { B, ...rest } = state
  expect(weightsHash({ B, ...rest })).toBe(weightsHash(state))
})

it.each([
  ['another sign of zero', { ...state, B: Float32Array.of(2, 0) }],
  ['another name', { 'b.bias': state['b.weight'], B: state.B }],
  ['the same values in other parts', { 'b.weight': Float32Array.of(-0, 1), B: Float32Array.of(2) }],
  ['one more state, empty', { ...state, c: new Float32Array() }],
])('differs for %s', (_, other) => {
  expect(weightsHash(other)).not.toBe(weightsHash(state))
})
