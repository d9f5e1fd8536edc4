import { expect, test } from 'vitest'
import { sampleOf } from '../testing/fake-run.js'
import { visualization } from './digits.js'
import { halfBlocks } from './half-blocks.js'

test('three digits stand side by side above truth and estimate', () => {
  const samples = [4, 4, 9].map((truth) => sampleOf(truth, { estimate: truth === 9 ? 8 : truth }))
  const lines = visualization([samples], { columns: 100, inReportWords: true })
  expect(lines.at(-1)).toBe('정답 [4 4 9] vs. 추정 [4 4 8]')
  const half = '█'.repeat(8)
  const empty = ' '.repeat(8)
  const drawn = lines.slice(0, -1)
  expect(drawn).toHaveLength(8)
  expect(drawn[0]).toBe(`${half}${empty}   ${half}${empty}   ${half}`)
})

test('an autoencoder shows each input beside its reconstruction, as wide as there is room', () => {
  const reconstruction = new Array<number>(784).fill(255)
  const seen = [1, 2, 3].map((truth) => sampleOf(truth, { reconstruction }))
  const judged = [1, 2, 3].map((truth) => sampleOf(truth, { estimate: truth }))
  for (const columns of [80, 100, 200]) {
    const lines = visualization([seen, judged], { columns, inReportWords: true })
    const drawn = lines.slice(0, -1)
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThanOrEqual(columns)
    expect(drawn.join('\n').match(/→/g)).toHaveLength(3)
    expect(lines.at(-1)).toBe('정답 [1 2 3] vs. 추정 [1 2 3]')
  }
})

test('stages that show different images have a row each, told in English where the report does not have them', () => {
  const seen = [sampleOf(1, { reconstruction: new Array<number>(784).fill(0) })]
  const judged = [sampleOf(2, { image: new Array<number>(784).fill(255), estimate: 2 })]
  const text = visualization([seen, judged], { columns: 100, inReportWords: false }).join('\n')
  expect(text).toContain('→')
  expect(text).toContain('truth [2] vs. estimate [2]')
})

test('nothing is shown of stages without samples', () => {
  expect(visualization([[], []], { columns: 100, inReportWords: true })).toEqual([])
})

test('a character is two pixels', () => {
  const pixels = [0, 255, 0, 255, 0, 0, 255, 255]
  expect(halfBlocks({ pixels, height: 2, width: 4 })).toEqual([' ▀▄█'])
  expect(halfBlocks({ pixels: [255, 0], height: 1, width: 2 })).toEqual(['▀ '])
})
