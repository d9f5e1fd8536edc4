import pc from 'picocolors'
import { expect, test } from 'vitest'
import { progressOf, stageOf } from '../testing/fake-run.js'
import { clock, stageLine } from './stage-line.js'
import { textWidth } from './text-width.js'

const progress = progressOf(stageOf('autoencode', ['mnist_auto_2']))
const title = 'mnist_auto_2 autoencode'
const options = {
  colours: pc.createColors(false),
  title,
  titleWidth: title.length,
  lossWord: 'cost',
} as const

test('a wide line has everything', () => {
  expect(stageLine(progress, { ...options, columns: 140 })).toBe(
    'mnist_auto_2 autoencode  ━━━━━━━━━━──────────────  epoch  4/10   40 %  cost 2553.1    ' +
      'accuracy -0.525   12.4k steps/s  0:12 left',
  )
})

test('no line is wider than its terminal, and what matters most stays', () => {
  for (let columns = 20; columns <= 140; columns += 1) {
    const line = stageLine(progress, { ...options, columns })
    expect(textWidth(line)).toBeLessThanOrEqual(columns)
    expect(line.startsWith('mnist_auto_2')).toBe(true)
  }
  const narrow = stageLine(progress, { ...options, columns: 60 })
  expect(narrow).toContain('epoch  4/10')
  expect(narrow).toContain('0:12 left')
})

test('what is not known yet is left out', () => {
  const young = progressOf(stageOf('classify', ['a']), {
    last: { loss: NaN },
    secondsLeft: null,
    stepsPerSecond: NaN,
  })
  const line = stageLine(young, { ...options, columns: 140 })
  expect(line).toContain('cost –')
  expect(line).not.toMatch(/NaN|accuracy|left/)
})

test('times are read like a clock', () => {
  expect([0, 7.4, 65, 3723].map(clock)).toEqual(['0:00', '0:07', '1:05', '1:02:03'])
})
