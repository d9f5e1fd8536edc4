/** Whether the Programs and states of a saved model belong together. */
import { add, cast, constant, matmul, mean, randomUniform, type Tensor, UserError } from '@gradpool/core'
import { type Program, traceProgram } from '@gradpool/core/engine'
import { describe, expect, it } from 'vitest'
import { smallContent } from '../testing/small-content.js'
import { checkContent } from './check-content.js'
import type { ModelContent } from './saved-model.js'

type Trace = Parameters<Parameters<typeof traceProgram>[0]>[0]

const blockRows = 8

function partsOf({ predict, evaluation, training }: ModelContent) {
  if (!predict || !evaluation || !training) throw new Error('it has all parts')
  return { predict, evaluation, training }
}

const content = smallContent()
const { predict, evaluation, training } = partsOf(content)

/** x [rows, 3], of which `build` makes results. */
function program(rows: number, build: (x: Tensor, trace: Trace) => void): Program {
  return traceProgram((trace) => {
    build(trace.batch('x', 'f32', [rows, 3]), trace)
  })
}

/** Predictions y [rows, 2], with something added to them. */
function predicting(rows: number, extra: (trace: Trace) => Tensor): Program {
  return program(rows, (x, trace) => {
    trace.result('y', add(matmul(x, constant(0, [3, 2])), extra(trace)), { rows: true })
  })
}

/** An evaluation that leaves its weights alone, or not. */
function evaluating(rows: number, { changes = false, result = 'loss' } = {}): Program {
  return program(rows, (x, trace) => {
    const w = trace.state('w', [3, 2], { kind: 'constant', value: 0 })
    trace.result(result, mean(matmul(x, w)))
    if (changes) trace.update('w', w)
  })
}

const changes = true
const drawing = {
  'random numbers': (rows: number) => predicting(rows, () => randomUniform([rows, 2], 'noise')),
  'the step': (rows: number) => predicting(rows, (trace) => cast(trace.step(), 'f32')),
  'the seed': (rows: number) => predicting(rows, (trace) => cast(trace.seed(), 'f32')),
}
const scalar = traceProgram((trace) => trace.result('loss', trace.batch('s', 'f32', [])))
const plain = (rows: number, features: number, collected: boolean) =>
  program(rows, (x, trace) => {
    trace.result('y', matmul(x, constant(1, [3, features])), { rows: collected })
  })

describe('a model is refused', () => {
  it.each<[string, Partial<ModelContent>, string]>([
    ...Object.entries(drawing).map(([what, of]): [string, Partial<ModelContent>, string] => [
      `whose prediction is of ${what}`,
      { predict: { ...predict, row: of(1), block: of(blockRows) } },
      'its prediction draws random numbers',
    ]),
    [
      'with fewer examples than a batch has',
      { training: { ...training, numExamples: 3 } },
      'its training has batches larger than its data',
    ],
    [
      'with a last batch that is never there',
      { training: { ...training, numExamples: 8 } },
      'its training has a last batch of no examples',
    ],
    [
      'with a last batch of another size',
      { training: { ...training, numExamples: 11 } },
      "training reads 'x' for 2 rows, not for 3",
    ],
    [
      'with batches of another size',
      { training: { ...training, batchSize: 5 } },
      "training reads 'x' for 4 rows, not for 5",
    ],
    [
      'with blocks of another size',
      { evaluation: { ...evaluation, blockRows: 7 } },
      "evaluation reads 'x' for 8 rows, not for 7",
    ],
    ...(
      [
        [evaluating(1, { changes }), evaluating(blockRows)],
        [evaluating(1), evaluating(blockRows, { changes })],
        [evaluating(1, { changes }), evaluating(blockRows, { changes })],
      ] as const
    ).map(([row, block], index): [string, Partial<ModelContent>, string] => [
      `whose evaluation learns, ${index}`,
      { evaluation: { metrics: [], row, block, blockRows } },
      'evaluation changes its states',
    ]),
    [
      'whose blocks have other results',
      { evaluation: { metrics: [], row: evaluating(1), block: evaluating(blockRows, { result: 'cost' }), blockRows } },
      'evaluation for one row and for a block are not the same',
    ],
    [
      'whose blocks read something else',
      {
        evaluation: {
          metrics: [],
          row: traceProgram((trace) => trace.result('loss', mean(trace.batch('x', 'f32', [1, 3])))),
          block: traceProgram((trace) => trace.result('loss', mean(trace.batch('x', 'f32', [blockRows, 4])))),
          blockRows,
        },
      },
      'evaluation for one row and for a block are not the same',
    ],
    [
      'that reads what has no rows',
      { evaluation: { metrics: [], row: scalar, block: scalar, blockRows } },
      "evaluation reads 's' for no rows, not for 1",
    ],
    [
      'whose row is not collected',
      { predict: { ...predict, row: plain(1, 2, false), block: plain(blockRows, 2, true) } },
      'its outputs are not collected row by row',
    ],
    [
      'whose block is not collected',
      { predict: { ...predict, row: plain(1, 2, true), block: plain(blockRows, 2, false) } },
      'its outputs are not collected row by row',
    ],
    [
      'whose row has another output',
      { predict: { ...predict, row: plain(1, 3, true), block: plain(blockRows, 2, true) } },
      "its output 'y' is not [1, 2]",
    ],
    [
      'whose block has another output',
      { predict: { ...predict, row: plain(1, 2, true), block: plain(blockRows, 3, true) } },
      "its output 'y' is not [8, 2]",
    ],
    [
      'with a metric of half of its results',
      {
        evaluation: { ...evaluation, metrics: [{ name: 'm', kind: 'means', results: { a: 'loss', b: 'gone' } }] },
      },
      "the metric 'm' of evaluation is of the result 'gone', which is not there",
    ],
    [
      'with a state of the optimizer of another shape',
      {
        states: new Map(
          [...content.states].map(([name, state]) => [
            name,
            name === 'w' ? state : { shape: [1], values: new Float32Array(1) },
          ]),
        ),
      },
      '[3, 2], and it is [1]',
    ],
  ])('%s', (_, change, message) => {
    const check = () => checkContent({ ...content, ...change }, 'it')
    expect(check).toThrow(UserError)
    expect(check).toThrow(/^it is not a whole saved model: /)
    expect(check).toThrow(message)
  })
})

describe('a model is whole', () => {
  const whole = (change: Partial<ModelContent>) =>
    expect(() => checkContent({ ...content, ...change }, 'it')).not.toThrow()

  it('without the states with which an optimizer begins', () => {
    const [w] = [...content.states].filter(([name]) => name === 'w')
    expect(content.states.size).toBeGreaterThan(1)
    whole({ states: new Map(w && [w]) })
  })

  it('where batches have no rest, and where there is one batch', () => {
    const { tail, ...even } = training
    expect(tail).toBeDefined()
    whole({ training: { ...even, numExamples: 8 } })
    whole({ training: { ...even, numExamples: 4 } })
  })

  it('with an evaluation that reads its weights', () => {
    whole({ evaluation: { metrics: [], row: evaluating(1), block: evaluating(blockRows), blockRows } })
  })
})
