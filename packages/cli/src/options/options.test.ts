import { UserError } from '@gradpool/core'
import { expect, test } from 'vitest'
import { parseSeeds } from './seeds.js'
import { assignment, folder, listenAddress, module, oneOf, wholeNumber } from './values.js'

test('seeds come as a list, a range, or both, each once', () => {
  expect(parseSeeds('3')).toEqual([3])
  expect(parseSeeds('0,1,2')).toEqual([0, 1, 2])
  expect(parseSeeds('0..4')).toEqual([0, 1, 2, 3, 4])
  expect(parseSeeds('7, 0..2,1')).toEqual([7, 0, 1, 2])
  expect(parseSeeds('4294967295')).toEqual([4294967295])
})

test.each(['', ',', '1,', '-1', '1.5', 'x', '4..0', '0..', '1..2..3', '4294967296', '1e3'])(
  'seeds %j are a mistake',
  (typed) => {
    expect(() => parseSeeds(typed)).toThrow(UserError)
    expect(() => parseSeeds(typed)).toThrow(/^--seed must be whole numbers from 0 to 4294967295/)
  },
)

test('too many seeds are a mistake, and do not take forever', () => {
  expect(() => parseSeeds('0..4294967295')).toThrow('--seed takes at most 10000 seeds')
  expect(parseSeeds('0..999')).toHaveLength(1000)
})

test.each(['0', '-1', '1.5', 'two', '', '257', '1e2', '0x10', 'NaN', ' 3'])('workers %j are a mistake', (typed) => {
  const parse = wholeNumber('--workers', 1, 256)
  expect(() => parse(typed)).toThrow(/^--workers must be a whole number from 1 to 256, not /)
})

test('values that are right are taken as they are', () => {
  expect(wholeNumber('--workers', 1, 256)('16')).toBe(16)
  expect(oneOf('--lang', ['en', 'ko'])('ko')).toBe('ko')
  expect(module('--engine')('./my-engine.mjs')).toBe('./my-engine.mjs')
  expect(folder('--out')('a b')).toBe('a b')
  expect(assignment('a=1', ['b=2'])).toEqual(['b=2', 'a=1'])
  expect(assignment('a=')).toEqual(['a='])
})

test('other mistakes name the option and what it takes', () => {
  expect(() => oneOf('--lang', ['en', 'ko'])('fr')).toThrow("--lang must be en or ko, not 'fr'")
  expect(() => module('--engine')(' ')).toThrow("--engine must be a module, not ' '")
  expect(() => folder('--out')('')).toThrow('--out must be the path of a folder, not nothing')
  expect(() => assignment('=1')).toThrow('--set must be path=value')
  expect(() => assignment('train.epochs')).toThrow('--set must be path=value')
})

test('a port is of this machine alone, unless a host is named', () => {
  const parse = listenAddress('--metrics')
  expect(parse('9100')).toEqual({ host: '127.0.0.1', port: 9100 })
  expect(parse('0.0.0.0:9100')).toEqual({ host: '0.0.0.0', port: 9100 })
  expect(parse('[::1]:0')).toEqual({ host: '::1', port: 0 })
  for (const typed of ['', 'here', '65536', '-1', '1.5', ':9100', 'a b:1', 'http://here:1', '::1:9100']) {
    expect(() => parse(typed)).toThrow(/^--metrics must be a port, or HOST:PORT, not /)
  }
})
