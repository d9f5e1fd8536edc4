import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainCells, type Cell } from './plain-cells.js'

/** The cells of a line; what is no plain number as its text. */
function cellsOf(line: string, delimiter = ','): Cell[] {
  const bytes = Buffer.from(line)
  const cells = new Array<Cell>(8)
  const count = plainCells(bytes, delimiter.charCodeAt(0), cells, (start, end) => bytes.toString('utf8', start, end))
  return cells.slice(0, count)
}

const digits = fc.stringMatching(/^\d{0,20}$/)
const decimal = fc
  .tuple(fc.constantFrom('', '-', '+'), digits, fc.constantFrom('', '.'), digits, fc.constantFrom('', 'e', 'E-', 'e+'))
  .chain(([sign, whole, point, rest, e]) =>
    fc.nat(45).map((power) => `${sign}${whole}${point}${point && rest}${e && `${e}${power}`}`),
  )

test('a decimal is the nearest f64, or is left as a text', () => {
  fc.assert(
    fc.property(decimal, (text) => {
      const [cell] = cellsOf(text)
      if (typeof cell === 'number') expect(Object.is(cell, Number(text)), text).toBe(true)
      else expect(cell).toBe(text)
    }),
    { numRuns: 20_000, seed: 1 },
  )
})

test('decimals of up to 15 digits are read at once', () => {
  expect(cellsOf('0.1,-12.5e-3,123456789012345, 7 ,+1.e2,.5')).toEqual([0.1, -0.0125, 123456789012345, 7, 100, 0.5])
  expect(cellsOf('-0')).toEqual([-0])
  expect(cellsOf('1\t2', '\t')).toEqual([1, 2])
})

test('all else is a text, and cells are counted beyond those that are wanted', () => {
  expect(cellsOf('1 2,1e,e5,.,-,1.2.3,,0x1')).toEqual(['1 2', '1e', 'e5', '.', '-', '1.2.3', '', '0x1'])
  expect(cellsOf('')).toEqual([''])
  expect(cellsOf('1,')).toEqual([1, ''])
  const cells: Cell[] = [0]
  expect(plainCells(Buffer.from('1,2,3'), 44, cells, () => undefined)).toBe(3)
  expect(cells).toEqual([1])
})
