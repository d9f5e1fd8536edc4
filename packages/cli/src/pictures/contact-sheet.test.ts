import { expect, test } from 'vitest'
import { contactSheet } from './contact-sheet.js'
import { lettering } from './lettering.js'
import { type Picture } from '@gradpool/datasets'

function grey(level: number): Picture {
  return { pixels: new Uint8Array(784).fill(level), height: 28, width: 28 }
}

function at({ pixels, width }: Picture, y: number, x: number): number | undefined {
  return pixels[y * width + x]
}

function litIn({ pixels }: Picture): number {
  return Array.from(pixels).filter((grey) => grey === 255).length
}

test('pictures stand in rows of four, four times as large, on white', () => {
  const levels = [10, 20, 30, 40, 50, 60]
  const sheet = contactSheet(levels.map((level) => ({ picture: grey(level), caption: [] })))
  expect({ height: sheet.height, width: sheet.width }).toEqual({
    height: 16 + 2 * (112 + 16),
    width: 16 + 4 * (112 + 16),
  })
  expect(sheet.pixels).toHaveLength(sheet.height * sheet.width)
  levels.forEach((level, index) => {
    const top = 16 + Math.floor(index / 4) * 128
    const left = 16 + (index % 4) * 128
    for (const [y, x] of [
      [0, 0],
      [0, 111],
      [111, 0],
      [111, 111],
    ] as const) {
      expect(at(sheet, top + y, left + x)).toBe(level)
    }
    // The first is framed in black.
    expect(at(sheet, top, left - 1)).toBe(index === 0 ? 0 : 255)
    expect(at(sheet, top + 112, left)).toBe(index === 0 ? 0 : 255)
  })
})

test('captions stand below, and do not run into the next picture', () => {
  const long = 'b'.repeat(40)
  const entries = [0, 1].map(() => ({ picture: grey(0), caption: ['label 7', long] }))
  const sheet = contactSheet(entries)
  expect(sheet.height).toBe(16 + 112 + 2 * 20 + 16)
  const darkIn = (top: number, left: number, right: number) => {
    let count = 0
    for (let y = top; y < top + 20; y += 1) {
      for (let x = left; x < right; x += 1) if (at(sheet, y, x) === 0) count += 1
    }
    return count
  }
  const inked = litIn(lettering('label 7', 2))
  expect(darkIn(16 + 112 + 3, 16, 128)).toBe(inked)
  expect(darkIn(16 + 112 + 20 + 3, 128, 144)).toBe(0)
})

test('a letter is 5 × 7 pixels of a size, with room for what hangs below the line; what has no letter is blank', () => {
  const one = lettering('1', 1)
  const rows = Array.from({ length: 9 }, (_, y) =>
    Array.from({ length: 5 }, (_, x) => (at(one, y, x) === 255 ? '#' : '.')).join(''),
  )
  expect(rows).toEqual(['..#..', '.##..', '..#..', '..#..', '..#..', '..#..', '.###.', '.....', '.....'])
  const large = lettering('1?', 3)
  expect({ height: large.height, width: large.width }).toEqual({ height: 27, width: 33 })
  expect(litIn(large)).toBe(9 * 10)
})
