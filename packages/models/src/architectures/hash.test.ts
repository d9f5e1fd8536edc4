import { adam, UserError } from '@gradpool/core'
import { evaluate, evaluation, prediction, type Program, train } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { wave } from '../testing/describe-layer.js'
import { codewords } from './codewords.js'
import { hash, type HashOptions } from './hash.js'

const [height, width, bits, classes, numExamples] = [4, 3, 8, 3, 6]
const data = {
  fields: { image: { dtype: 'u8', shape: [height * width] }, label: { dtype: 'u8', shape: [] } },
  numExamples,
} as const
const training = { batchSize: numExamples, data, optimizer: adam({ learningRate: 0.02 }) }
const batch = {
  image: wave(numExamples * height * width, 3).map((x) => Math.round(127 + 127 * x)),
  label: [0, 2, 1, 2, 0, 1],
}
const options: HashOptions = {
  imageShape: [height, width],
  encoder: [16, bits],
  // Of an image of so few pixels.
  warp: { shift: 0.3, strain: 0.1 },
}

function run(program: Program, numSteps: number) {
  let state: Readonly<Record<string, ArrayLike<number>>> = {}
  const losses: number[] = []
  for (let step = 0; step < numSteps; step++) {
    const next = evaluate(program, { state, batch, step, seed: 1 })
    state = next.state
    losses.push(next.results.loss?.[0] ?? NaN)
  }
  return { state, losses }
}

function statesOf({ states }: Program): string[] {
  return states.map(({ name }) => name)
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length
}

describe('hash', () => {
  test('has the same states with and without classes', () => {
    const [alone, labelled] = [options, { ...options, labels: true, classes }].map((one) =>
      statesOf(evaluation(hash(one), training).program),
    )
    expect(alone).toEqual(labelled)
    expect(alone).toContain('encoder.0.1.weight')
    expect(alone).toContain('encoder.1.mean')
  })

  test('tells the terms of its loss', () => {
    const { program } = train(hash({ ...options, binary: 0.5 }), training)
    const { results } = evaluate(program, { batch, seed: 1 })
    const value = (name: string) => results[name]?.[0] ?? NaN
    expect(value('loss')).toBeCloseTo(value('redundancy') + value('imbalance') + 0.5 * value('fuzziness'), 10)
    expect(value('fuzziness')).toBeGreaterThan(0)
    expect(value('fuzziness')).toBeLessThanOrEqual(1)
  })

  test.each([options, { ...options, labels: true, classes }])('learns, %o', (one) => {
    const { losses } = run(train(hash(one), training).program, 80)
    expect(average(losses.slice(-10))).toBeLessThan(0.8 * average(losses.slice(0, 10)))
  })

  test('gives codes, and the class whose codeword is nearest', () => {
    const model = hash({ ...options, labels: true, classes, warp: { shift: 0, strain: 0 } })
    const { state } = run(train(model, training).program, 200)
    const { results } = evaluate(prediction(model, training).program, { batch, state })
    const code = Array.from(results.code ?? [])
    expect(code).toHaveLength(numExamples * bits)
    const words = codewords(classes, bits)
    batch.label.forEach((label, example) => {
      const own = code.slice(example * bits, (example + 1) * bits)
      expect(own.map((value) => (value >= 0.5 ? 1 : 0))).toEqual(words[label])
    })
    expect(Array.from(results.estimate ?? [])).toEqual(batch.label)
  })

  test('refuses widths and images that cannot be', () => {
    expect(() => hash({ ...options, encoder: [] })).toThrow(UserError)
    expect(() => hash({ ...options, labels: true, classes: 0 })).toThrow('classes must be a whole number')
    expect(() => train(hash({ ...options, imageShape: [5, 5] }), training)).toThrow('warp: images must be [batch, 25]')
  })
})

describe('codewords', () => {
  test.each([16, 32, 64])('of 10 classes differ in half of %d bits', (bits) => {
    const words = codewords(10, bits)
    words.forEach((one, i) =>
      words.slice(i + 1).forEach((other) => {
        expect(one.filter((bit, place) => bit !== other[place])).toHaveLength(bits / 2)
      }),
    )
    const columns = Array.from({ length: bits }, (_, bit) => words.map((word) => word[bit]).join(''))
    expect(new Set(columns).size).toBe(bits)
  })

  test.each([
    [3, 5],
    [10, 4],
    [10, 10],
    [26, 48],
    [1, 1],
  ])('of %d classes in %d bits are there, each bit 0 or 1', (classes, bits) => {
    const words = codewords(classes, bits)
    expect(words).toHaveLength(classes)
    for (const word of words) {
      expect(word).toHaveLength(bits)
      expect(word.every((bit) => bit === 0 || bit === 1)).toBe(true)
    }
  })
})
