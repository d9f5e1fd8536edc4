import { UserError } from '@gradpool/core'
import { expect, it } from 'vitest'
import { openSealed, refuseOtherVersion, sealJson } from './sealed-json.js'

const value = { format: 'x', list: [1, { a: null }], text: '}\n ü "checksum"' }
const text = sealJson(value)

it('JSON that is sealed comes back, and is JSON for all', () => {
  expect(openSealed(text)).toEqual({ value, isWhole: true })
  expect(JSON.parse(text)).toMatchObject(value)
})

it('is as readable as any', () => {
  expect(sealJson({ format: 'x' })).toMatch(/^\{\n {2}"format": "x",\n {2}"checksum": "[0-9a-f]{64}"\n\}\n$/)
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

it('on one line is opened as the other is', () => {
  const line = sealJson(value, undefined, 0)
  expect(openSealed(line)).toEqual({ value, isWhole: true })
  expect(JSON.parse(line)).toMatchObject(value)
  expect(line.length).toBeLessThan(text.length)
  expect(openSealed(line.replace('1', '2')).isWhole).toBe(false)
})

it('goes through a replacer and a reviver', () => {
  const sealed = sealJson({ a: 1n }, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
  const reviver = (_: string, value: unknown) => (value === '1n' ? 1n : value)
  expect(openSealed(sealed, reviver)).toEqual({ value: { a: 1n }, isWhole: true })
})

it('of another version of its format is refused, and of no or another format is not', () => {
  const refuse = (value: unknown) => () => refuseOtherVersion(value, 'file', 'x', 2)
  for (const formatVersion of [1, 3]) {
    expect(refuse({ format: 'x', formatVersion })).toThrow(UserError)
    expect(refuse({ format: 'x', formatVersion })).toThrow(
      `'file' is of format version ${formatVersion}, and this Gradpool reads 2`,
    )
  }
  const others = [
    { format: 'x', formatVersion: 2 },
    { format: 'y', formatVersion: 1 },
    { format: 'x' },
    { formatVersion: 1 },
  ]
  for (const value of [...others, { format: 'x', formatVersion: '1' }, null, 'x']) expect(refuse(value)).not.toThrow()
})
