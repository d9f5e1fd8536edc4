import { expect, test } from 'vitest'
import { padEnd, textWidth, truncate } from './text-width.js'

test('Korean takes two columns a character, marks none', () => {
  expect(textWidth('정답 [4]')).toBe(8)
  expect(textWidth('e\u0301')).toBe(1)
  expect(textWidth('─█▀→')).toBe(4)
  expect(['0.9 ± 0.1 –', 'é©', 'a\u00adb'].map(textWidth)).toEqual([11, 2, 2])
  // A syllable in parts, as files of macOS are named, and letters of half the width.
  expect(textWidth('정답'.normalize('NFD'))).toBe(4)
  expect(textWidth('ﾡﾢ｡')).toBe(3)
})

test('padding and cutting count columns', () => {
  expect(padEnd('정답', 6)).toBe('정답  ')
  expect(padEnd('정답', 3)).toBe('정답')
  expect(truncate('정답 추정', 6)).toBe('정답 …')
  expect(truncate('정답', 4)).toBe('정답')
})
