import { describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from './safetensors.js'

const file: SafetensorsFile = {
  tensors: new Map([
    ['head.0.weight', { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, NaN, Infinity, -0) }],
    ['encoder', { shape: [], values: Float32Array.of(1e-45) }],
    ['empty', { shape: [0, 4], values: new Float32Array() }],
  ]),
  metadata: { stage: 'abc' },
}

function withHeader(header: unknown, numBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + numBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}

describe('safetensors', () => {
  it('come back as they were, sorted by name', () => {
    const decoded = decodeSafetensors(encodeSafetensors(file), 'file')
    expect([...decoded.tensors.keys()]).toEqual(['empty', 'encoder', 'head.0.weight'])
    expect(new Map(decoded.tensors)).toEqual(new Map(file.tensors))
    expect(decoded.metadata).toEqual({ stage: 'abc' })
  })

  it('are laid out as the specification says', () => {
    const bytes = encodeSafetensors({
      tensors: new Map([['w', { shape: [1], values: Float32Array.of(1) }]]),
      metadata: {},
    })
    const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  '
    expect(Buffer.from(bytes.subarray(0, 8)).readBigUInt64LE()).toBe(BigInt(header.length))
    expect(Buffer.from(bytes.subarray(8, -4)).toString()).toBe(header)
    expect([...bytes.subarray(-4)]).toEqual([0, 0, 0x80, 0x3f])
  })

  it('do not depend on the order in which they were given', () => {
    const reversed = { ...file, tensors: new Map([...file.tensors].reverse()) }
    expect(encodeSafetensors(reversed)).toEqual(encodeSafetensors(file))
  })

  it('cut short anywhere are refused with one sentence', () => {
    const whole = encodeSafetensors(file)
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeSafetensors(whole.subarray(0, length), 'cut')).toThrow(
        /^cut is not a whole safetensors file: /,
      )
    }
    expect(() => decodeSafetensors(Uint8Array.of(...whole, 0), 'long')).toThrow('1 bytes belong to no tensor')
  })

  it('with a key twice are refused, and with a colon or a bracket in a key are not', () => {
    const entryOf = (name: string) => `"${name}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`
    const bytesOf = (text: string) => {
      const header = new TextEncoder().encode(text)
      const bytes = new Uint8Array(8 + header.length + 4)
      new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true)
      bytes.set(header, 8)
      return bytes
    }
    expect(() => decodeSafetensors(bytesOf(`{${entryOf('w')},${entryOf('w')}}`), 'file')).toThrow('different keys')
    const odd = new Map([['a":{ [', { shape: [1], values: Float32Array.of(1) }]])
    const { tensors } = decodeSafetensors(encodeSafetensors({ tensors: odd, metadata: {} }), 'file')
    expect([...tensors.keys()]).toEqual(['a":{ ['])
  })

  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] }
  it.each([
    ['another type', { w: { ...entry, dtype: 'F16' } }, "'w' is F16, only F32 is read here"],
    ['a wrong size', { w: { ...entry, shape: [2] } }, "the bytes of 'w' are not where its shape says"],
    ['a gap', { w: { ...entry, data_offsets: [4, 8] } }, "the bytes of 'w' are not where"],
    ['a negative size', { w: { ...entry, shape: [-1] } }, "the entry of 'w' is malformed"],
    ['no entry', { w: 3 }, "the entry of 'w' is malformed"],
    ['a list', [], 'its header is not a JSON object of different keys'],
    ['other metadata', { __metadata__: { a: 1 } }, 'its __metadata__ is not an object of texts'],
  ])('with %s in the header are refused', (_, header, message) => {
    expect(() => decodeSafetensors(withHeader(header, 4), 'file')).toThrow(message)
  })
})
