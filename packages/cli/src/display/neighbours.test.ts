import { expect, test } from 'vitest'
import { controlCharacter } from '../testing/streams.js'
import { bitsOf, type Found, neighbourLines, queryLines, shortOf } from './neighbours.js'

/** Its left half is lit. */
const pixels = Uint8Array.from({ length: 784 }, (_, index) => (index % 28 < 14 ? 255 : 0))
const picture = { pixels, height: 28, width: 28 }
const half = '█'.repeat(8)

function found(count: number, change: Partial<Found> = {}): Found[] {
  return Array.from({ length: count }, (_, at) => ({
    id: 100 + at,
    label: at % 10,
    hamming: at,
    distance: at / 8,
    picture,
    ...change,
  }))
}

test('the query is told of and drawn', () => {
  const query = { title: 'test image 3 of mnist', label: 0, picture }
  const lines = queryLines(query)
  expect(lines.slice(0, 3)).toEqual(['Query: test image 3 of mnist, label 0', '', half])
  expect(lines).toHaveLength(2 + 8)
  expect(queryLines({ ...query, label: null })[0]).toBe('Query: test image 3 of mnist')
})

test('neighbours stand side by side, as many as there is room for, each with its caption', () => {
  for (const columns of [20, 60, 100, 200]) {
    const lines = neighbourLines(found(11), columns)
    const perRow = Math.floor((columns + 3) / 19)
    expect(lines).toHaveLength(Math.ceil(11 / perRow) * (1 + 8 + 2))
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
    const text = lines.join('\n')
    expect(text).not.toMatch(controlCharacter)
    for (let at = 0; at < 11; at += 1) expect(text).toContain(`${at % 10} (#${100 + at})`)
    expect(text).toContain('0 bits, 0.0000')
    expect(text).toContain('1 bit, 0.1250')
  }
})

test('what is not known is left out', () => {
  const lines = neighbourLines(found(1, { label: null, distance: null }), 100)
  expect(lines.slice(-2)).toEqual(['#100', '0 bits'])
  expect(neighbourLines([], 100)).toEqual([])
})

test('numbers are short', () => {
  expect([0, 1, 2].map(bitsOf)).toEqual(['0 bits', '1 bit', '2 bits'])
  expect([0.00412, 9.99994, 31.2345].map(shortOf)).toEqual(['0.0041', '9.9999', '31.23'])
})
