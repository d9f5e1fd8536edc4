/** Weights in f16 and i8: bits, rules, files, and what is refused. */
import { UserError } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { halfBits, numberTypes, readNumbers, type NamedArray } from '../number-types.js'
import { decodeForeignSafetensors, encodeSafetensors, type PackedArray } from '../safetensors.js'
import { smallContent } from '../testing/small-content.js'
import { decodeSavedModel } from './decode.js'
import { encodeSavedModel } from './encode.js'
import { reduceWeights, restoreWeights } from './reduced-weights.js'
import type { ModelContent } from './saved-model.js'

const array = (shape: number[], ...values: number[]) => ({ shape, values: Float32Array.from(values) })

describe('a half', () => {
  const read = (bits: number) => readNumbers(Uint8Array.of(bits & 255, bits >> 8), numberTypes.F16)[0] ?? NaN

  it('comes back from every bit pattern', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = read(bits)
      if (Number.isNaN(value)) expect(read(halfBits(value))).toBeNaN()
      else if (halfBits(value) !== bits) expect.fail(`${bits} is ${value}, and that ${halfBits(value)}`)
    }
  })

  it('is the nearest, of two as near the even one', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [read(bits), read(bits + 1)]
      const middle = (low + high) / 2
      const even = bits % 2 === 0 ? bits : bits + 1
      if (halfBits(middle) !== even) expect.fail(`between ${low} and ${high}`)
      // A step of f32 to either side.
      expect([halfBits(middle * (1 - 2 ** -23)), halfBits(middle * (1 + 2 ** -23))]).toEqual([bits, bits + 1])
    }
    expect([65504, 65519.99, 65520, 1e9, -1e9].map(halfBits)).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00])
    expect([1e-9, -1e-9].map(halfBits)).toEqual([0, 0x8000])
  })
})

describe('weights of i8', () => {
  const weight = array([3, 2], 1, -0.5, -2.54, 0.25, 0.011, 0)
  const { stored, read } = reduceWeights(
    new Map([
      ['w', weight],
      ['b', array([2], 0.1, 0.2)],
    ]),
    'i8',
  )

  it('have a scale for each output channel, and 0 stays 0', () => {
    const scales = Float32Array.of(Math.fround(2.54) / 127, 0.5 / 127)
    expect(stored.get('w/scale')).toEqual({ shape: [1, 2], values: scales })
    const packed = stored.get('w') as PackedArray
    expect([...new Int8Array(packed.bytes.buffer)]).toEqual([50, -127, -127, 64, 1, 0])
    const [first = 0, second = 0] = scales
    const expected = [50 * first, -127 * second, -127 * first, 64 * second, first, 0]
    expect(read.get('w')).toEqual(array([3, 2], ...expected))
  })

  it('are no further from the weights than half a step', () => {
    const many = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i * i) * 10 ** ((i % 8) - 4))
    const { stored, read } = reduceWeights(new Map([['w', { shape: [512, 8], values: many }]]), 'i8')
    const scale = (stored.get('w/scale') as NamedArray).values
    read.get('w')?.values.forEach((value, i) => {
      const step = scale[i % 8] ?? 0
      expect(Math.abs(value - (many[i] ?? NaN))).toBeLessThanOrEqual(step * (0.5 + 1e-5))
    })
  })

  it('of a channel of zeros are zeros', () => {
    const { read } = reduceWeights(new Map([['w', array([2, 2], 0, 1, -0, 3)]]), 'i8')
    expect([...(read.get('w')?.values ?? [])].map((value) => value + 0)).toEqual([
      0,
      Math.fround(42 * Math.fround(3 / 127)),
      0,
      3,
    ])
  })
})

describe.each(['f16', 'i8'] as const)('a saved model of %s', (weights) => {
  const { states, predict, evaluation, provenance, metrics } = smallContent()
  const own = new Map([...states].filter(([name]) => !name.startsWith('optimizer/')))
  own.set('w', array([3, 2], 0.1, -0.2, 0.3, 0.4, -0.5, 0.6))
  const parts = { ...(predict && { predict }), ...(evaluation && { evaluation }) }
  const content: ModelContent = { ...parts, provenance, metrics, states: own, weights }
  const bytes = encodeSavedModel(content)

  it('has f32 again, and says what was done', () => {
    const saved = decodeSavedModel(bytes, 'it')
    expect(saved.weights).toBe(weights)
    expect([...saved.states.keys()]).toEqual([...own.keys()])
    const [w, before] = [saved.states.get('w'), own.get('w')]
    expect(w?.shape).toEqual([3, 2])
    expect(w?.values).not.toEqual(before?.values)
    w?.values.forEach((value, i) => expect(value).toBeCloseTo(before?.values[i] ?? NaN, 2))
    expect(encodeSavedModel({ ...content, weights: undefined }).length).toBeGreaterThan(0)
    expect(decodeSavedModel(encodeSavedModel({ ...saved, weights: undefined }), 'it').hash).toBe(saved.hash)
  })

  it('is the same bytes for the same model', () => {
    expect(encodeSavedModel(content)).toEqual(bytes)
  })

  it.each<[string, (tensors: Map<string, NamedArray | PackedArray>) => void, object]>([
    ['says that they are f32', () => undefined, { weights: undefined }],
    ['says another type', () => undefined, { weights: 'f8' }],
    ['says the other type', () => undefined, { weights: weights === 'i8' ? 'f16' : 'i8' }],
    [
      'has a vector of them',
      (tensors) =>
        tensors.set('v', {
          shape: [2],
          type: weights === 'i8' ? 'I8' : 'F16',
          bytes: new Uint8Array(weights === 'i8' ? 2 : 4),
        }),
      {},
    ],
    [
      'lacks the scales',
      (tensors) =>
        weights === 'i8'
          ? tensors.delete('w/scale')
          : tensors.set('w', { shape: [3, 2], type: 'I8', bytes: new Uint8Array(6) }),
      {},
    ],
    [
      'has scales of another shape',
      (tensors) =>
        tensors.set('w/scale', array([2], 1, 1)).set('w', { shape: [3, 2], type: 'I8', bytes: new Uint8Array(6) }),
      {},
    ],
  ])('is refused where it %s', (_, change, changes) => {
    const { metadata } = decodeForeignSafetensors(bytes, 'it')
    const about = JSON.parse(metadata.gradpool ?? '') as object
    const tensors = new Map(reduceWeights(own, weights).stored)
    change(tensors)
    const changed = encodeSafetensors({ tensors, metadata: { gradpool: JSON.stringify({ ...about, ...changes }) } })
    expect(() => decodeSavedModel(changed, 'it')).toThrow(
      'it is not a whole saved model: its tensors are not of the types that it says',
    )
  })

  it('is refused for an optimizer, and for weights that have no such number', () => {
    expect(() => encodeSavedModel({ ...content, states })).toThrow(UserError)
    expect(() => encodeSavedModel({ ...content, states })).toThrow(`not saved with weights of ${weights}`)
    for (const value of [NaN, Infinity, ...(weights === 'f16' ? [65520] : [])]) {
      const wrong = new Map([['w', array([3, 2], 1, 2, value, 4, 5, 6)]])
      expect(() => reduceWeights(wrong, weights)).toThrow(
        `the weights 'w' have ${value}, so they cannot be saved as ${weights}`,
      )
    }
  })
})

it('takes tensors of f32 as they are', () => {
  const tensors = new Map([['w/scale', { ...array([2], 1, 2), type: 'F32' as const }]])
  expect(restoreWeights(tensors, undefined)).toEqual(new Map([['w/scale', array([2], 1, 2)]]))
})
