// Files of PyTorch and NumPy that tools/oracles/weights_torch.py made, and what those libraries say is in them.
import { readFileSync } from 'node:fs'
import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { decodeNpy, decodeNpz } from './npz.js'
import { type NamedArray, numberTypes } from './number-types.js'
import { decodeForeignSafetensors } from './safetensors.js'

const folder = new URL('../../../tools/oracles/weights_torch/', import.meta.url)
const bytesOf = (name: string) => readFileSync(new URL(name, folder))

type Listed = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: readonly (number | string)[] }>
>
const oracle = JSON.parse(bytesOf('numbers.json').toString()) as { readonly safetensors: Listed; readonly npz: Listed }

const infinities: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity }

function expectNumbers(arrays: ReadonlyMap<string, NamedArray>, wanted: Listed): void {
  expect([...arrays.keys()].sort()).toEqual(Object.keys(wanted).sort())
  for (const [name, { shape, values }] of Object.entries(wanted)) {
    expect(arrays.get(name)?.shape, name).toEqual(shape)
    const numbers = values.map((value) => (typeof value === 'string' ? (infinities[value] ?? NaN) : value))
    expect(arrays.get(name)?.values, name).toEqual(Float32Array.from(numbers))
  }
}

/** A .npy of version 1 with this header. */
function npy(header: string, numBytes: number): Uint8Array {
  const text = Buffer.from(`${header}\n`, 'latin1')
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length % 256, text.length >> 8])
  return Buffer.concat([prefix, text, Buffer.alloc(numBytes)])
}

describe('numbers of other libraries', () => {
  it('are read from safetensors, whatever their type', () => {
    expectNumbers(decodeForeignSafetensors(bytesOf('numbers.safetensors'), 'it').tensors, oracle.safetensors)
  })

  it('are read from .npz, in either order of axes and bytes', async () => {
    expectNumbers(await decodeNpz(bytesOf('numbers.npz'), 'it'), oracle.npz)
  })

  it('round every half-precision number as IEEE 754 says', () => {
    const view = new DataView(new ArrayBuffer(2))
    const read = (bits: number) => {
      view.setUint16(0, bits, true)
      return numberTypes.F16.read(view, 0, true)
    }
    // The least and largest of each kind, from the standard's table.
    expect([0x0001, 0x03ff, 0x0400, 0x3bff, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x8001].map(read)).toEqual([
      2 ** -24,
      2 ** -14 - 2 ** -24,
      2 ** -14,
      1 - 2 ** -11,
      1,
      65504,
      Infinity,
      -Infinity,
      -(2 ** -24),
    ])
    expect(read(0x7e00)).toBeNaN()
    expect(Object.is(read(0x8000), -0)).toBe(true)
  })
})

describe('what is no NumPy file', () => {
  it.each([
    ['nothing', new Uint8Array(), 'it does not begin as one'],
    ['another file', Buffer.from('PK and so on, long enough'), 'it does not begin as one'],
    ['one cut in its header', npy("{'descr': '<f4'", 0).subarray(0, 14), 'it ends inside its header'],
    [
      'one with a type that no terminal should show',
      npy("{'descr': '<f4\u0007', 'fortran_order': False, 'shape': (1,), }", 4),
      'its header is malformed',
    ],
    ['one without a shape', npy("{'descr': '<f4', 'fortran_order': False}", 4), 'its header is malformed'],
    [
      'one that is too short',
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 20),
      '2 × 3 of <f4 should have 24 bytes, not 20',
    ],
    [
      'one whose shape no memory holds',
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999), }", 4),
      '99999999 × 99999999 of <f4 should have',
    ],
  ])('%s is refused in a sentence', (_, bytes, message) => {
    expect(() => decodeNpy(bytes, 'array')).toThrow(`array is not a whole .npy file: ${message}`)
  })

  it.each(['|O', '<c8', '<U4', '<M8[ns]'])('an array of %s is refused: nothing is unpickled', (descr) => {
    const bytes = npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }`, 8)
    expect(() => decodeNpy(bytes, 'array')).toThrow(`array has values of the type ${descr}, which is none of numbers`)
  })

  it('an archive that is cut short is refused at every length', async () => {
    const whole = bytesOf('lenet.npz')
    for (let length = 0; length < whole.length; length += 97) {
      const decoded = decodeNpz(whole.subarray(0, length), 'weights.npz')
      await expect(decoded, String(length)).rejects.toThrow(/^.*weights\.npz/)
    }
  })

  it('other files of an archive are passed over', async () => {
    const archive = zipSync({
      'notes.txt': Buffer.from('hello'),
      'a.npy': npy("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 1),
    })
    expect([...(await decodeNpz(archive, 'it'))]).toEqual([
      ['a', { shape: [], values: Float32Array.of(0), type: 'U8' }],
    ])
  })
})
