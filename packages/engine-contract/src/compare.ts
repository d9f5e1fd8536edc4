/**
 * Values, and steps of Programs, beside what the reference evaluator says of them.
 */
import {
  evaluate,
  traceProgram,
  type BatchProgram,
  type Engine,
  type Field,
  type Program,
  type Split,
  type Trace,
} from '@gradpool/core/engine'
import { expect } from 'vitest'

/** A split whose rows are all rows of the fields. */
export function splitOf(fields: Record<string, Field>, numExamples: number): Split {
  return { fields, rows: Int32Array.from({ length: numExamples }, (_, row) => row) }
}

/** A program of one step over the whole of some data. */
export function wholeBatch(program: Program, numExamples: number): BatchProgram {
  return { program, batchSize: numExamples, numExamples, shuffle: false, metrics: [] }
}

/** The fields' values by name, as the reference evaluator takes them, for one batch of all rows. */
export function batchOf(data: Split): Record<string, ArrayLike<number>> {
  return Object.fromEntries(Object.entries(data.fields).map(([name, field]) => [name, field.values]))
}

/**
 * Traces, runs one step on the engine and by the reference evaluator, and compares results and
 * states.
 *
 * @param tolerance relative to the largest magnitude of each value
 */
export async function expectSameStep(
  engine: Engine,
  data: Split,
  build: (trace: Trace) => void,
  { seed = 3, tolerance = 2e-5 }: { seed?: number; tolerance?: number } = {},
): Promise<void> {
  const program = traceProgram(build)
  const expected = evaluate(program, { batch: batchOf(data), seed })
  const execution = await engine.compile(wholeBatch(program, data.rows.length), { data, seed })
  try {
    const { status, means } = await execution.run({ steps: 1 })
    expect(status).toBe('done')
    for (const [name, values] of Object.entries(expected.results)) {
      expectClose(means[name] ?? [], values, tolerance, () => `result ${name} of\n${program.toString()}`)
    }
    const states = execution.read()
    for (const [name, values] of Object.entries(expected.state)) {
      expectClose(states[name] ?? [], values, tolerance, () => `state ${name} of\n${program.toString()}`)
    }
  } finally {
    execution.dispose()
  }
}

/**
 * Equal within `tolerance` of the largest magnitude; infinities and NaN where they are expected.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  where: () => string,
): void {
  expect(actual.length, where()).toBe(expected.length)
  const scale = scaleOf(expected)
  for (const [index, value] of Array.from(expected).entries()) {
    const got = actual[index] ?? NaN
    const same = Object.is(got, value) || Math.abs(got - value) <= tolerance * scale
    if (!same) expect.fail(`element ${index} is ${got}, not ${value}: ${where()}`)
  }
}

/** The largest magnitude of the finite ones; 1e-3 where all are smaller. */
export function scaleOf(values: ArrayLike<number>): number {
  const finite = Array.from(values).filter(Number.isFinite).map(Math.abs)
  return finite.reduce((a, b) => Math.max(a, b), 1e-3)
}

/**
 * The bits of values by name, in hexadecimal. NaN has many bit patterns; which one comes out of an
 * operation is in no contract.
 */
export function bitsOf(values: Readonly<Record<string, Float32Array | Float64Array>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, array]) => {
      const plain = array.map((value) => (Number.isNaN(value) ? NaN : value))
      return [name, Buffer.from(plain.buffer).toString('hex')]
    }),
  )
}
