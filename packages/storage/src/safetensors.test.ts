import { UserError } from '@gradpool/core'
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
  return withText(JSON.stringify(header), numBytes)
}

function withText(header: string, numBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header)
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

  it('may be none, with metadata or without', () => {
    for (const metadata of [{}, { stage: 'abc' }]) {
      const decoded = decodeSafetensors(encodeSafetensors({ tensors: new Map(), metadata }), 'file')
      expect(decoded).toEqual({ tensors: new Map(), metadata })
    }
  })

  it('may be told of in another order than they lie', () => {
    const entry = { dtype: 'F32', shape: [1] }
    const header = { b: { ...entry, data_offsets: [4, 8] }, a: { ...entry, data_offsets: [0, 4] } }
    const bytes = withHeader(header, 8)
    bytes.set([0, 0, 0x80, 0x3f], bytes.length - 8) // 1
    expect([...decodeSafetensors(bytes, 'file').tensors]).toEqual([
      ['a', { shape: [1], values: Float32Array.of(1) }],
      ['b', { shape: [1], values: Float32Array.of(0) }],
    ])
  })

  it('may be empty, before and after others, and told of in any order', () => {
    const full = { dtype: 'F32', shape: [1], data_offsets: [0, 4] }
    const empty = (place: number) => ({ dtype: 'F32', shape: [0], data_offsets: [place, place], more: [1] })
    for (const header of [
      { full, before: empty(0), after: empty(4) },
      { after: empty(4), before: empty(0), full },
    ]) {
      const { tensors } = decodeSafetensors(withHeader(header, 4), 'file')
      expect([...tensors.keys()]).toEqual(['before', 'full', 'after'])
    }
  })

  it('in too few bytes for a header are refused with their number', () => {
    const refused = (bytes: Uint8Array, message: string) =>
      expect(() => decodeSafetensors(bytes, 'file')).toThrow(`file is not a whole safetensors file: ${message}`)
    refused(new Uint8Array(7), 'it has only 7 bytes')
    refused(new Uint8Array(8), 'its header is not a JSON object')
    refused(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d), 'its header should have 9 bytes, the file has 10')
  })

  it('with a header of more than 100 million bytes are refused before it is read', () => {
    const most = 100_000_000
    const bytes = new Uint8Array(8 + most + 1)
    bytes[8] = 0xff // No text begins so.
    const view = new DataView(bytes.buffer)
    view.setBigUint64(0, BigInt(most), true)
    expect(() => decodeSafetensors(bytes, 'file')).toThrow('its header is not a JSON object')
    view.setBigUint64(0, BigInt(most + 1), true)
    expect(() => decodeSafetensors(bytes, 'file')).toThrow('its header should have 100000001 bytes')
  })

  it('with a key that is no UTF-8 are refused', () => {
    const bytes = withHeader({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, 4)
    expect(() => decodeSafetensors(bytes, 'file')).not.toThrow()
    bytes[8 + '{"'.length] = 0xff
    expect(() => decodeSafetensors(bytes, 'file')).toThrow('its header is not a JSON object')
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
    const tooLong = () => decodeSafetensors(Uint8Array.of(...whole, 0), 'long')
    expect(tooLong).toThrow(UserError)
    expect(tooLong).toThrow('1 bytes belong to no tensor')
  })

  it('with a key twice are refused, and with a colon or a bracket in a key are not', () => {
    const entryOf = (name: string) => `"${name}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`
    const twice = withText(`{${entryOf('w')},${entryOf('w')}}`, 4)
    expect(() => decodeSafetensors(twice, 'file')).toThrow('different keys')
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
    ['no entry beside a wrong one', { a: { ...entry, dtype: 'F16' }, w: 3 }, "the entry of 'w' is malformed"],
    ['more depth', { w: { ...entry, more: [[1]] } }, 'its header is not a JSON object of different keys'],
    ['no type', { w: { ...entry, dtype: 3 } }, "the entry of 'w' is malformed"],
    ['no shape', { w: { ...entry, shape: 1 } }, "the entry of 'w' is malformed"],
    ['half a place', { w: { ...entry, data_offsets: [0] } }, "the entry of 'w' is malformed"],
    ['a place of three numbers', { w: { ...entry, data_offsets: [0, 4, 8] } }, "the entry of 'w' is malformed"],
    ['a place of texts', { w: { ...entry, data_offsets: ['0', '4'] } }, "the entry of 'w' is malformed"],
    ['more values than there are', { w: { ...entry, shape: [2], data_offsets: [0, 8] } }, "it ends inside 'w'"],
    ['a number', 3, 'its header is not a JSON object of different keys'],
    ['null', null, 'its header is not a JSON object of different keys'],
    ['a list', [], 'its header is not a JSON object of different keys'],
    ['a list of metadata', { __metadata__: ['a'] }, 'its __metadata__ is not an object of texts'],
    ['some other metadata', { __metadata__: { a: '1', b: 1 } }, 'its __metadata__ is not an object of texts'],
    ['other metadata', { __metadata__: { a: 1 } }, 'its __metadata__ is not an object of texts'],
  ])('with %s in the header are refused', (_, header, message) => {
    const decode = () => decodeSafetensors(withHeader(header, 4), 'file')
    expect(decode).toThrow(UserError)
    expect(decode).toThrow(message)
  })
})
