/** The loop over time against itself written out, with lengths and backward, and what it refuses. */
import { describe, expect, test } from 'vitest'
import { add, concat, constant, mul, scan, ShapeError, type Tensor } from '../index.js'
import { evaluate, traceProgram } from '../engine/index.js'

const [BATCH, TIME, WIDTH] = [3, 4, 2]
const values = Array.from({ length: BATCH * TIME * WIDTH }, (_, i) => Math.sin(i + 1))

interface Written {
  readonly state: readonly number[]
  readonly outputs: readonly number[]
}

/** h' = h / 2 + x; the output is h + 10 x. */
function written(lengths: readonly number[], reverse: boolean): Written {
  const outputs = values.map(() => 0)
  const state = Array.from({ length: BATCH * WIDTH }, (_, place) => {
    const [row, column] = [Math.floor(place / WIDTH), place % WIDTH]
    let h = place
    for (let i = 0; i < TIME; i++) {
      const step = reverse ? TIME - 1 - i : i
      if (step >= (lengths[row] ?? 0)) continue
      const at = (row * TIME + step) * WIDTH + column
      outputs[at] = h + 10 * (values[at] ?? NaN)
      h = h / 2 + (values[at] ?? NaN)
    }
    return h
  })
  return { state, outputs }
}

const cell = (h: Tensor, x: Tensor) => ({ state: add(mul(h, 0.5), x), output: add(h, mul(x, 10)) })
const first = () => constant([0, 1, 2, 3, 4, 5], [BATCH, WIDTH])

function scanned(lengths: readonly number[] | undefined, reverse: boolean): Written {
  const program = traceProgram((trace) => {
    const x = trace.batch('x', 'f32', [BATCH, TIME, WIDTH])
    const counts = lengths && trace.batch('lengths', 'u8', [BATCH])
    const { state, outputs } = scan(cell, first(), x, { reverse, ...(counts && { lengths: counts }) })
    trace.result('state', state)
    trace.result('outputs', outputs)
  })
  const { results } = evaluate(program, { batch: { x: values, ...(lengths && { lengths }) } })
  return { state: [...(results.state ?? [])], outputs: [...(results.outputs ?? [])] }
}

test.each([
  [undefined, false],
  [undefined, true],
  [[4, 0, 1], false],
  [[2, 3, 0], true],
  [[9, 4, 5], false],
])('is the loop written out, of lengths %j, reversed: %s', (lengths, reverse) => {
  const expected = written(lengths ?? [TIME, TIME, TIME], reverse)
  const actual = scanned(lengths, reverse)
  for (const name of ['state', 'outputs'] as const) {
    expect(actual[name]).toHaveLength(expected[name].length)
    expected[name].forEach((value, i) => expect(actual[name][i]).toBeCloseTo(value, 12))
  }
})

test('takes states, sequences and outputs by name', () => {
  const program = traceProgram((trace) => {
    const x = trace.batch('x', 'f32', [BATCH, TIME, WIDTH])
    const { state, outputs } = scan(
      ({ sum, count }, { one, other }) => ({
        state: { sum: add(sum, add(one, other)), count: add(count, 1) },
        output: { twice: mul(one, 2), count },
      }),
      { sum: constant(0, [BATCH, WIDTH]), count: constant(0, [BATCH]) },
      { one: x, other: mul(x, -1) },
    )
    expect(outputs.twice.shape).toEqual([BATCH, TIME, WIDTH])
    expect(outputs.count.shape).toEqual([BATCH, TIME])
    for (const [name, tensor] of Object.entries({ sum: state.sum, twice: outputs.twice, count: outputs.count })) {
      trace.result(name, tensor)
    }
  })
  const { results } = evaluate(program, { batch: { x: values } })
  expect([...(results.sum ?? [])]).toEqual(Array.from({ length: BATCH * WIDTH }, () => 0))
  expect([...(results.twice ?? [])]).toEqual(values.map((x) => 2 * x))
  expect([...(results.count ?? [])]).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
})

describe('refuses', () => {
  const scanning = (build: (x: Tensor) => unknown) => () =>
    traceProgram((trace) => {
      build(trace.batch('x', 'f32', [BATCH, TIME, WIDTH]))
    })

  test.each<[string, (x: Tensor) => unknown]>([
    ['scan: a sequence must be [batch, time, ...], not f32[3]', () => scan(cell, first(), constant(0, [3]))],
    [
      'scan: sequences must be [3, 4, ...] as the first, not f32[3, 5]',
      (x) => scan((h: Tensor) => ({ state: h, output: h }), first(), { x, y: constant(0, [3, 5]) }),
    ],
    ['scan: there is no sequence', () => scan((h: Tensor) => ({ state: h, output: h }), first(), {})],
    ['scan: lengths must be integers [3], not f32[3]', (x) => scan(cell, first(), x, { lengths: constant(0, [3]) })],
    [
      'scan: the state is f32[3, 2] before a step and f32[3, 4] after it',
      (x) => scan((h: Tensor) => ({ state: concat([h, h], 1), output: h }), first(), x),
    ],
  ])('%s', (message, build) => {
    expect(scanning(build)).toThrow(ShapeError)
    expect(scanning(build)).toThrow(message)
  })
})
