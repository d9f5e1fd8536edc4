import { describe, expect, expectTypeOf, test } from 'vitest'
import { UserError } from '../errors.js'
import { abs, square, sub } from '../ops/elementwise.js'
import { mean } from '../ops/reduction.js'
import { evaluate } from '../reference/reference.js'
import { defineModel, type Batch, type MetricsOf, type StepResults } from '../training/model.js'
import { evaluation } from '../training/train.js'
import { finisher } from './finishers.js'
import { finishMetrics, type MetricSpec } from './metric-spec.js'
import { fromMeans, perRow, withDirection } from './metric.js'

const data = { fields: { x: { dtype: 'f32', shape: [] } }, numExamples: 4 } as const

const own = defineModel({
  params: {},
  step(_, { x }: Batch<'x'>) {
    const deviation = fromMeans({
      means: { square: mean(square(sub(x, 2000))), shifted: mean(sub(x, 2000)) },
      finish: ({ square, shifted }) => Math.sqrt(square - shifted ** 2),
      direction: 'min',
    })
    const median = perRow({
      rows: { x },
      finish: ({ x }, numExamples) => x.toSorted().at(numExamples >> 1) ?? NaN,
    })
    return {
      loss: mean(x),
      nearness: withDirection(mean(abs(x)), 'max'),
      deviation,
      median,
      counts: fromMeans({ means: { x: mean(x) }, finish: ({ x }) => [[x, 1]] }),
    }
  },
})

const pass = evaluation(own, { batchSize: 4, data })
const x = [1990, 2010, 2002, 1998]

function gathered() {
  const { results } = evaluate(pass.program, { batch: { x } })
  return {
    means: results,
    rows: { 'median/x': Float32Array.from(results['median/x'] ?? []) },
  }
}

describe('metrics of one’s own', () => {
  test('are typed by what finish gives', () => {
    expectTypeOf<MetricsOf<typeof own>>().toEqualTypeOf<{
      readonly loss: number
      readonly nearness: number
      readonly deviation: number
      readonly median: number
      readonly counts: number[][]
    }>()
  })

  test('are finished in float64 from named results', () => {
    expect(pass.program.results.map(({ name, rows }) => [name, rows])).toEqual([
      ['loss', undefined],
      ['nearness', undefined],
      ['deviation/square', undefined],
      ['deviation/shifted', undefined],
      ['median/x', true],
      ['counts/x', undefined],
    ])
    expect(finishMetrics(pass.metrics, gathered(), 4)).toEqual({
      loss: 2000,
      nearness: 2000,
      deviation: Math.sqrt(52),
      median: 2002,
      counts: [[2000, 1]],
    })
  })

  test('carry their directions', () => {
    expect(pass.metrics.map(({ name, direction }) => [name, direction])).toEqual([
      ['loss', 'min'],
      ['nearness', 'max'],
      ['deviation', 'min'],
      ['median', undefined],
      ['counts', undefined],
    ])
  })

  test('are left out where their function or their rows are not there', () => {
    const saved = JSON.parse(JSON.stringify(pass.metrics)) as MetricSpec[]
    expect(Object.keys(finishMetrics(saved, gathered(), 4))).toEqual(['loss', 'nearness'])
    const { means } = gathered()
    expect(finishMetrics(pass.metrics, { means }, 4)).not.toHaveProperty('median')
  })
})

test('a named function is data', () => {
  const spec = {
    name: 'r2',
    kind: 'rows',
    results: { output: 'r2/output', target: 'r2/target' },
    finish: finisher('r2').name,
  } as const
  const rows = {
    'r2/output': Float32Array.of(1991, 2009, 2002, 1998),
    'r2/target': Float32Array.of(1990, 2010, 2002, 1998),
  }
  const saved = JSON.parse(JSON.stringify([spec])) as MetricSpec[]
  expect(finishMetrics(saved, { means: {}, rows }, 4).r2).toBeCloseTo(1 - 2 / 208, 14)
  for (const kind of ['rows', 'means'] as const) {
    const unknown = [{ ...spec, kind, finish: 'toString' }]
    expect(finishMetrics(unknown, { means: rows, rows }, 4)).toEqual({})
  }
})

test('a mean whose result is not there, or is told by another name, is left out', () => {
  const spec = { name: 'm', kind: 'mean' } as const
  const gathered = { means: { loss: [3] } }
  expect(finishMetrics([{ ...spec, results: { value: 'loss' } }], gathered, 4)).toEqual({ m: 3 })
  expect(finishMetrics([{ ...spec, results: { value: 'other' } }], gathered, 4)).toEqual({})
  expect(finishMetrics([{ ...spec, results: { other: 'loss' } }], gathered, 4)).toEqual({})
})

test('a named function may be of means that are more than one number', () => {
  const model = defineModel({
    params: {},
    step: (_, { x }: Batch<'x'>) => ({
      loss: mean(x),
      confusion: { means: { share: x }, finish: finisher('counts') },
    }),
  })
  const { program, metrics } = evaluation(model, { batchSize: 4, data })
  const { results } = evaluate(program, { batch: { x: [0.5, 0.25, 0, 0.25] } })
  expect(finishMetrics(metrics, { means: results }, 4).confusion).toEqual([
    [2, 1],
    [0, 1],
  ])
})

test.each<[string, (batch: Batch<'x'>) => unknown, string]>([
  ['no metric', () => 3, 'metric "own" must be a tensor, fromMeans({ … }) or perRow({ … }), not 3'],
  ['null', () => null, 'perRow({ … }), not null'],
  ['another object', () => ({ a: 1 }), 'perRow({ … }), not another object'],
  ['a function of nothing', () => ({ finish: () => 0 }), 'perRow({ … }), not another object'],
  ['parts without a function', ({ x }) => ({ means: { x: mean(x) } }), 'perRow({ … }), not another object'],
  ['values of each example', ({ x }) => x, 'metric "own" must be one number, not f32[4]'],
  [
    'means of each example',
    ({ x }) => fromMeans({ means: { x }, finish: () => 0 }),
    '"x" of metric "own" must be one number, not f32[4]',
  ],
  [
    'rows that are not',
    ({ x }) => perRow({ rows: { m: mean(x) }, finish: () => 0 }),
    '"m" of metric "own" is f32[]: its first axis must be the batch, 4',
  ],
])('refuses %s', (_, metric, message) => {
  const model = defineModel({
    params: {},
    step: (_, batch: Batch<'x'>) => ({ loss: mean(batch.x), own: metric(batch) }) as StepResults,
  })
  const build = () => evaluation(model, { batchSize: 4, data })
  expect(build).toThrow(UserError)
  expect(build).toThrow(message)
})

test('refuses a name that a metric cannot have', () => {
  const model = defineModel({
    params: {},
    step: (_, { x }: Batch<'x'>) => ({ loss: mean(x), 'a.b': mean(x) }),
  })
  expect(() => evaluation(model, { batchSize: 4, data })).toThrow('a metric cannot be named "a.b"')
})
