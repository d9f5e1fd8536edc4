import pc from 'picocolors'
import { expect, test } from 'vitest'
import { progressOf, stageOf } from '../testing/fake-run.js'
import { clock } from './fit-line.js'
import { stageLine } from './stage-line.js'
import { textWidth } from './text-width.js'

const progress = progressOf(stageOf('autoencode', ['mnist_auto_2']))
const title = 'mnist_auto_2 autoencode'
const options = {
  colours: pc.createColors(false),
  title,
  titleWidth: title.length,
  lossWord: 'cost',
  curve: [],
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

test('the curve of the loss is there where it fits', () => {
  const curve = Array.from({ length: 40 }, (_, at) => 1 / (at + 1))
  const fits = (columns: number) => stageLine(progress, { ...options, curve, columns }).includes('▁')
  expect([80, 100, 140].map(fits)).toEqual([false, true, true])
  expect(stageLine(progress, { ...options, curve: [1], columns: 140 })).not.toMatch(/[▁█]/)
})

test('in forty columns a line still has name, epoch and time', () => {
  expect(stageLine(progress, { ...options, columns: 39 })).toBe('mnist_auto_2 autoencode   4/10  -0:12')
  const korean = { ...options, title: '엠니스트_다층퍼셉트론_실험 train', titleWidth: 32 }
  const line = stageLine(progress, { ...korean, columns: 39 })
  expect(line).toMatch(/^엠니스트_다층퍼셉트론_실… {2,3} 4\/10 {2}-0:12$/)
  expect(textWidth(line)).toBe(39)
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
