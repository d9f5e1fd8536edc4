/** Mutated Programs with mutated options, as cases to try on engines. */
import {
  Program,
  sizeOf,
  type BatchProgram,
  type EvaluationInputs,
  type Field,
  type Split,
} from '@gradpool/core/engine'
import { mutateProgram } from './mutate-program.js'
import type { Random } from './random.js'

/** A Program to be mutated. */
export interface MutationSource {
  readonly name: string
  readonly program: Program
  readonly tail?: Program | undefined
  /** Of a Program that reads no field. Default: 1. */
  readonly batchSize?: number
}

/** What is tried: a Program as parsed JSON, and what it is compiled and run with. */
export interface MutatedProgram {
  readonly source: string
  readonly program: unknown
  readonly tail: unknown
  readonly batchSize: number
  readonly numExamples: number
  readonly data: Split
  readonly seed: number
  readonly workers: number
  readonly steps: number
}

/** Fields of more elements are not made: those of the source are given in their place. */
const MOST_ELEMENTS = 2 ** 16

export function mutatedProgram(source: MutationSource, random: Random): MutatedProgram {
  const program = mutateProgram(source.program, random)
  const { tail: given } = source
  const tail = given && (random.isOneIn(2) ? mutateProgram(given, random) : random.isOneIn(2) ? given : undefined)
  const read = random.isOneIn(4) ? source.program : readable(program, source.program)
  const own = read.fields[0]?.shape[0] ?? source.batchSize ?? 1
  const rest = tail === undefined ? 0 : (source.tail?.fields[0]?.shape[0] ?? 1)
  const numExamples = oddly(random, own * (1 + random.below(2)) + rest)
  return {
    source: source.name,
    program: JSON.parse(JSON.stringify(program)) as unknown,
    tail: tail && (JSON.parse(JSON.stringify(tail)) as unknown),
    batchSize: oddly(random, own),
    numExamples,
    data: dataFor(read, Number.isInteger(numExamples) && numExamples > 0 && numExamples < 1000 ? numExamples : own),
    seed: random.isOneIn(20) ? random.of([1.5, NaN, 2 ** 32, -(2 ** 31), -1]) : random.below(1000),
    workers: random.isOneIn(10) ? random.of([0, -1, 1.5, NaN, 2 ** 31, 1025, 3, 8]) : 1 + random.below(2),
    steps: random.isOneIn(20) ? random.of([0, -1, 0.5, NaN, 2 ** 31]) : 1 + random.below(3),
  }
}

/** One time in twenty another number. */
function oddly(random: Random, number: number): number {
  return random.isOneIn(20) ? random.of([0, -1, 1, 1.5, NaN, number + 1, 2 * number, 2 ** 31]) : number
}

/** The mutated Program where its fields can be made, else the one that it was. */
function readable(program: unknown, before: Program): Program {
  try {
    const parsed = Program.fromJSON(program)
    const size = parsed.fields.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    return size <= MOST_ELEMENTS && parsed.fields.every(({ shape }) => shape.length > 0) ? parsed : before
  } catch {
    return before
  }
}

/** Rows of all fields, small numbers in any order. */
function dataFor({ fields }: Program, numExamples: number): Split {
  const made = fields.map(({ name, dtype, shape }, index): [string, Field] => {
    const example = shape.slice(1)
    const numbers = Array.from({ length: numExamples * sizeOf(example) }, (_, i) => ((i + index) * 7919) % 2003)
    if (dtype === 'f32')
      return [name, { dtype, shape: example, values: Float32Array.from(numbers, (x) => x / 1001.5 - 1) }]
    if (dtype === 'i32') return [name, { dtype, shape: example, values: Int32Array.from(numbers, (x) => (x % 13) - 2) }]
    return [name, { dtype, shape: example, values: Uint8Array.from(numbers, (x) => x % 251) }]
  })
  return { fields: Object.fromEntries(made), rows: Int32Array.from({ length: numExamples }, (_, row) => row) }
}

/** @throws UserError where one of its Programs is none */
export function parsed({ program, tail, batchSize, numExamples }: MutatedProgram): BatchProgram {
  return {
    program: Program.fromJSON(program),
    ...(tail !== undefined && { tail: Program.fromJSON(tail) }),
    batchSize,
    numExamples,
    shuffle: false,
    metrics: [],
  }
}

/** What the reference evaluator takes of the first batch. */
export function firstBatch({ data, batchSize, seed }: MutatedProgram): EvaluationInputs {
  const batch = Object.entries(data.fields).map(([name, { values, shape }]) => {
    return [name, values.subarray(0, batchSize * sizeOf(shape))] as const
  })
  return { batch: Object.fromEntries(batch), seed }
}
