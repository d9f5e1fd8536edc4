import { openSealed, sealJson } from '@gradpool/storage'
import { describe, expect, it } from 'vitest'
import { decodeRecord, decodeStates, encodeRecord, encodeStates, type CheckpointRecord } from './checkpoint.js'

const rest: Omit<CheckpointRecord, 'tensors' | 'best'> = {
  hash: 'a1',
  numerics: 'exact',
  position: {
    step: 17,
    since: 15,
    sums: { loss: Float64Array.of(0.1 + 0.2), accuracy: Float64Array.of(NaN, Infinity, -1e-300) },
    rows: { 'auc/score': Float32Array.of(0.1, NaN, 2) },
    lastLoss: NaN,
  },
  epochs: {
    count: 1,
    columns: [{ name: 'loss' }, { name: 'validation.confusion', shape: [2, 2] }],
    sha256: 'a'.repeat(64),
  },
  seconds: 0.75,
}
const states = new Map([['w', { shape: [2, 1], values: Float32Array.of(1.5, NaN) }]])
const { bytes: tensors, told } = encodeStates(states, {})
const record = encodeRecord({ ...rest, tensors: told, best: { epoch: 1, ...told } })

/** With a checksum that fits, where it is JSON. */
function sealed(text: string): string {
  try {
    return sealJson(openSealed(text).value as object)
  } catch {
    return text
  }
}

describe('a checkpoint', () => {
  it('comes back as it was, numbers that are not finite included', () => {
    const read = decodeRecord(record, 'it')
    expect(read).toEqual({ ...rest, tensors: told, best: { epoch: 1, ...told } })
    expect(decodeStates(read.tensors, tensors, 'it')).toEqual(states)
  })

  it('with a flipped bit or a byte too few is refused', () => {
    const flipped = Uint8Array.from(tensors)
    flipped[tensors.length - 1] = (flipped[tensors.length - 1] ?? 0) ^ 1
    for (const bytes of [flipped, tensors.subarray(1), new Uint8Array()]) {
      expect(() => decodeStates(told, bytes, "'x'")).toThrow("'x' is not as it was written")
    }
  })

  it('whose record has another digit is refused', () => {
    const changed = record.replace('"step": 17', '"step": 18')
    expect(() => decodeRecord(changed, "'x'")).toThrow("'x' is not as it was written")
  })

  it.each([
    ['no JSON', (text: string) => text.slice(0, -10), 'it is not JSON'],
    ['another format', (text: string) => text.replace('-checkpoint', '-other'), 'has no format'],
    [
      'another version',
      (text: string) => text.replace('Version": 5', 'Version": 4'),
      'of format version 4, and this Gradpool reads 5',
    ],
    ['a negative step', (text: string) => text.replace('"step": 17', '"step": -1'), 'malformed'],
    ['a text for a sum', (text: string) => text.replace('"Infinity"', '"much"'), 'malformed'],
    ['a column without a name', (text: string) => text.replace('"name": "loss"', '"name": 1'), 'malformed'],
    ['rows without columns', (text: string) => text.replace(/"columns": \[.*?\}\s*\]/s, '"columns": []'), 'malformed'],
    ['half a row', (text: string) => text.replace('"count": 1', '"count": 1.5'), 'malformed'],
    ['no hash', (text: string) => text.replace('sha256', 'sha'), 'malformed'],
  ])('whose record has %s is refused', (_, change, message) => {
    const changed = change(record)
    expect(changed).not.toBe(record)
    expect(() => decodeRecord(sealed(changed), "'x'")).toThrow(message)
  })
})
