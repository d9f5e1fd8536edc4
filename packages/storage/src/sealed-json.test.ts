import { expect, it } from 'vitest'
import { openSealed, sealJson } from './sealed-json.js'

const value = { format: 'x', list: [1, { a: null }], text: '}\n ü "checksum"' }
const text = sealJson(value)

it('JSON that is sealed comes back, and is JSON for all', () => {
  expect(openSealed(text)).toEqual({ value, isWhole: true })
  expect(JSON.parse(text)).toMatchObject(value)
})

it('of which any character was changed, is told from it', () => {
  for (let at = 0; at < text.length; at++) {
    const changed = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`
    try {
      expect(openSealed(changed).isWhole).toBe(false)
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError)
    }
  }
  expect(openSealed('{"format":"x"}')).toEqual({ value: { format: 'x' }, isWhole: false })
  expect(() => openSealed('')).toThrow(SyntaxError)
})

it('goes through a replacer and a reviver', () => {
  const sealed = sealJson({ a: 1n }, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
  const reviver = (_: string, value: unknown) => (value === '1n' ? 1n : value)
  expect(openSealed(sealed, reviver)).toEqual({ value: { a: 1n }, isWhole: true })
})
