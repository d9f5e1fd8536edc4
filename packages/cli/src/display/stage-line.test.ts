import { type StageProgress } from '@gradpool/orchestrator'
import pc from 'picocolors'
import { expect, test } from 'vitest'
import { progressOf, stageOf } from '../testing/fake-run.js'
import { clock, fitLines } from './fit-line.js'
import { stageLine, type StageLineOptions } from './stage-line.js'
import { textWidth } from './text-width.js'

const progress = progressOf(stageOf('autoencode', ['mnist_auto_2']))
const title = 'mnist_auto_2 autoencode'
const options = {
  colours: pc.createColors(false),
  title,
  lossWord: 'cost',
  curve: [],
} as const

const lineOf = (told: StageProgress, { columns, ...rest }: StageLineOptions & { readonly columns: number }) =>
  fitLines([stageLine(told, rest)], columns, rest.colours).join('\n')

test('a wide line has everything', () => {
  expect(lineOf(progress, { ...options, columns: 140 })).toBe(
    'mnist_auto_2 autoencode  ━━━━━━━━━━──────────────  epoch  4/10   40 %  cost 2553.1    ' +
      'accuracy -0.525   12.4k steps/s  0:12 left',
  )
})

test('no line is wider than its terminal, and what matters most stays', () => {
  for (let columns = 20; columns <= 140; columns += 1) {
    const line = lineOf(progress, { ...options, columns })
    expect(textWidth(line)).toBeLessThanOrEqual(columns)
    expect(line.startsWith('mnist_auto_2')).toBe(true)
  }
  const narrow = lineOf(progress, { ...options, columns: 60 })
  expect(narrow).toContain('epoch  4/10')
  expect(narrow).toContain('0:12 left')
})

test('the curve of the loss is there where it fits', () => {
  const curve = Array.from({ length: 40 }, (_, at) => 1 / (at + 1))
  const fits = (columns: number) => lineOf(progress, { ...options, curve, columns }).includes('▁')
  expect([80, 100, 140].map(fits)).toEqual([false, true, true])
  expect(lineOf(progress, { ...options, curve: [1], columns: 140 })).not.toMatch(/[▁█]/)
})

test('in forty columns a line still has name, epoch and time', () => {
  expect(lineOf(progress, { ...options, columns: 39 })).toBe('mnist_auto_2 autoencode   4/10  -0:12')
  const korean = { ...options, title: '엠니스트_다층퍼셉트론_실험 train' }
  const line = lineOf(progress, { ...korean, columns: 39 })
  expect(line).toMatch(/^엠니스트_다층퍼셉트론_실… {2,3} 4\/10 {2}-0:12$/)
  expect(textWidth(line)).toBe(39)
})

test('parts of several lines stand below each other, and go from all of them', () => {
  const other = progressOf(stageOf('classify', ['a']), {
    last: { loss: 0.25, f1: 0.5 },
    secondsLeft: 3723,
    epochs: 100,
  })
  const lines = (columns: number) =>
    fitLines(
      [stageLine(progress, options), stageLine(other, { ...options, title: '가나다', curve: [3, 2, 1] })],
      columns,
      options.colours,
    )
  expect(lines(140).map((line) => line.replace(/━+─+/, '━'))).toEqual([
    'mnist_auto_2 autoencode  ━  epoch  4/10     40 %  cost 2553.1                accuracy -0.525   12.4k steps/s  0:12 left',
    '가나다                   ━  epoch   4/100   40 %  cost 0.250     █▅▁         f1  0.500         12.4k steps/s  1:02:03 left',
  ])
  expect(lines(60)).toEqual([
    'mnist_auto_2 autoencode  epoch  4/10    0:12 left',
    '가나다                   epoch   4/100  1:02:03 left',
  ])
})

test('what is not known yet is left out', () => {
  const young = progressOf(stageOf('classify', ['a']), {
    last: { loss: NaN },
    secondsLeft: null,
    stepsPerSecond: NaN,
  })
  const line = lineOf(young, { ...options, columns: 140 })
  expect(line).toContain('cost –')
  expect(line).not.toMatch(/NaN|accuracy|left/)
})

test('the time of what may end early is the most, where there is room to say so', () => {
  const early = progressOf(stageOf('classify', ['a']), { mayEndEarly: true })
  expect(lineOf(early, { ...options, columns: 140 })).toMatch(/ at most {2}0:12 left$/)
  expect(lineOf(early, { ...options, columns: 60 })).not.toContain('at most')
  expect(lineOf(early, { ...options, columns: 60 })).toMatch(/ 0:12 left$/)
})

test('times are read like a clock', () => {
  expect([0, 7.4, 65, 3723].map(clock)).toEqual(['0:00', '0:07', '1:05', '1:02:03'])
})
