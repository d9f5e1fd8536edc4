import { expect, test } from 'vitest'
import { FieldError, ShapeError, UserError } from './errors.js'
import { visible, visibleOnOneLine } from './visible.js'

test.each([
  ['\u001b[31mred', '\\u001b[31mred'],
  ['over\rwritten', 'over\\u000dwritten'],
  ['\u009b2J', '\\u009b2J'],
  ['\u202egnp.exe\u2066', '\\u202egnp.exe\\u2066'],
  ['\ufeffmark \u{e0001}', '\\ufeffmark \\u{e0001}'],
  ['half \ud800', 'half \\ud800'],
  ['정답 👩\u200d🔬 two\nlines\tand a tab', '정답 👩\u200d🔬 two\nlines\tand a tab'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test('on one line, line breaks and tabs are written out', () => {
  expect(visibleOnOneLine('a\nb\tc')).toBe('a\\u000ab\\u0009c')
})

test('a sentence for the user has no control characters, whatever it quotes', () => {
  const name = 'x\u001b[2Jy'
  const errors = [new UserError(`no "${name}"`), new ShapeError(name), new FieldError(name, 'is wrong', name)]
  for (const { message } of errors) {
    expect(message).not.toContain('\u001b')
    expect(message).toContain('x\\u001b[2Jy')
  }
})
