import pc from 'picocolors'
import { expect, test } from 'vitest'
import { experimentOf, resultOf, rowOf } from '../testing/fake-run.js'
import { remarks, resultTable } from './table.js'
import { textWidth } from './text-width.js'

const plain = {
  columns: 100,
  colours: pc.createColors(false),
  inReportWords: (name: string) => name.startsWith('mnist'),
}
const shared = { name: 'autoencode', hash: 'abc', shared: true, reused: false, epochs: [] }

test('columns line up below Korean conditions', () => {
  const experiments = [
    experimentOf('mnist_mlp_all'),
    experimentOf('mnist_auto_1', { condition: '확장 인코더', reported: 0.746, accuracy: 0.8123 }),
    experimentOf('own', { condition: '', reported: null }),
  ]
  const lines = resultTable(resultOf(experiments), plain).split('\n')
  expect(lines).toEqual([
    'experiment     조건 (condition)                report   ours  seconds',
    '─────────────  ──────────────────────────────  ──────  ─────  ───────',
    'mnist_mlp_all  다층퍼셉트론 mset_all 데이터셋   0.900  0.900     12.3',
    'mnist_auto_1   확장 인코더                      0.746  0.812     12.3',
    'own                                                 –  0.900     12.3',
  ])
  expect(new Set(lines.map(textWidth)).size).toBe(1)
})

test("experiments that are not the report's have their own metrics, and no column of it", () => {
  const own = { condition: '', reported: null, accuracy: null }
  const experiments = [
    experimentOf('a', { ...own, test: { loss: 0.5, f1: 0.61, confusion: [[1]] } }),
    experimentOf('a', { ...own, seed: 1, test: { loss: 0.7, f1: 0.63, confusion: [[1]] } }),
    experimentOf('b', { ...own, test: { loss: 0.00123 } }),
    experimentOf('c', { ...own, status: 'failed', test: null, error: 'why' }),
  ]
  expect(resultTable(resultOf(experiments), plain).split('\n')).toEqual([
    'experiment      test.loss        test.f1  seconds',
    '──────────  ─────────────  ─────────────  ───────',
    'a           0.600 ± 0.141  0.620 ± 0.014     12.3',
    'b                 0.00123              –     12.3',
    'c                  failed              –     12.3',
  ])
})

test('without test examples, the last epoch counts', () => {
  const stage = { ...shared, epochs: [rowOf(1), rowOf(2, { loss: 0.25 })] }
  const one = experimentOf('a', { condition: '', reported: null, test: null, stages: [stage] })
  expect(
    resultTable(resultOf([one]), plain)
      .split('\n')
      .slice(0, 3),
  ).toEqual([
    'experiment   loss  accuracy  validation.loss  validation.accuracy  seconds',
    '──────────  ─────  ────────  ───────────────  ───────────────────  ───────',
    'a           0.250     0.864            0.600                0.880     12.3',
  ])
})

test('a narrow terminal wraps the condition and nothing else', () => {
  const lines = resultTable(resultOf([experimentOf('mnist_mlp_all')]), { ...plain, columns: 60 })
    .split('\n')
    .slice(2)
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(60)
  expect(lines.join(' ')).toContain('mset_all')
})

test('several seeds become mean ± standard deviation', () => {
  const group = [0.8, 0.9, 1].map((accuracy, seed) => experimentOf('a', { accuracy, seed }))
  expect(resultTable(resultOf(group), plain)).toContain('0.900 ± 0.100')
  const missing = experimentOf('a', { accuracy: null, status: 'failed', seed: 3 })
  expect(resultTable(resultOf([...group, missing]), plain)).toContain('0.900 ± 0.100 (3 of 4)')
})

test('what failed or was stopped says so, and why', () => {
  const result = resultOf([
    experimentOf('a', {
      status: 'failed',
      accuracy: null,
      error: 'the loss became NaN\nat step 3',
    }),
    experimentOf('b', { status: 'interrupted', accuracy: null }),
  ])
  const lines = resultTable(result, plain).split('\n')
  expect(lines[2]).toMatch(/^a .* failed /)
  expect(lines[3]).toMatch(/^b .* stopped /)
  expect(remarks(result)).toEqual(['a failed: the loss became NaN at step 3'])
})

test('a shared stage is told of once, whatever the number of seeds', () => {
  const experiments = ['mnist_auto_1', 'mnist_auto_fix'].flatMap((name) =>
    [0, 1].map((seed) => experimentOf(name, { seed, stages: [{ ...shared, hash: `stage of seed ${seed}` }] })),
  )
  expect(remarks(resultOf(experiments))).toEqual([
    'mnist_auto_1 and mnist_auto_fix share one autoencode stage; its seconds count in each.',
  ])
})
