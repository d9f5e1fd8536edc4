/**
 * Which tensor of a step made its loss no finite number.
 *
 * The step is run once more, with the states that it began with, by the same engine and so with the
 * same bits; but all that the loss is computed from is told, and nothing is updated. From the loss
 * the search goes to an operand that is not finite, and on to one of its operands, until they are
 * all finite: there it began. A value that is not finite, but that nothing of the loss comes of
 * (the branch that a `select` does not take), is passed by.
 */
import {
  lineOf,
  Program,
  RowOrder,
  rowShuffleOf,
  stepsPerEpochOf,
  type BatchProgram,
  type CompileOptions,
  type Engine,
  type Execution,
  type Split,
} from '@gradpool/core/engine'
import { compileFed } from '../windows/compile-fed.js'

export interface Origin {
  /** As Programs are printed: `%37 = exp(%36) : f32[10, 10]`. */
  readonly tensor: string
  /** `file:line` of the user's code that it comes from, where that is known. */
  readonly line?: string | undefined
  readonly numNotFinite: number
  readonly numValues: number
  /** Of the data, where it began there. */
  readonly field?: string | undefined
  /** The largest magnitude among its operands, 0 where it has none of floating point. */
  readonly largestOperand: number
  /** The states that it is computed from in the fewest ops. */
  readonly states: readonly string[]
}

export interface FailedStep {
  readonly engine: Engine
  /** Stands before the step. */
  readonly training: Execution
  /** As it was before it was compiled. */
  readonly program: BatchProgram
  readonly data: Split
  readonly seed: number
  /** The same training traced once more, its lines recorded, and no batch cut into parts. */
  readonly retrace?: ((data: Split) => BatchProgram) | undefined
}

/**
 * Undefined where the loss is finite after all.
 *
 * @throws what the engine throws: telling all takes memory, which may not be there
 */
export async function locateNonFinite(failed: FailedStep): Promise<Origin | undefined> {
  const { training, program, data, retrace } = failed
  const traced = retrace?.(data)
  // It rounds in another way where batches are cut, so it may be finite.
  const found = traced && (await locateIn(traced, failed, { state: statesOf(training) }))
  return found ?? locateIn(program, failed, { shareStateOf: training })
}

async function locateIn(
  traced: BatchProgram,
  { engine, training: { step }, data, seed }: FailedStep,
  states: Pick<CompileOptions, 'state' | 'shareStateOf'>,
): Promise<Origin | undefined> {
  const { program, rows } = batchOf(traced, step, data, seed)
  const telling = tellingAll(program)
  const batch: BatchProgram = {
    batchSize: rows.length,
    numExamples: rows.length,
    shuffle: false,
    program: telling,
    metrics: [],
  }
  const { execution } = await compileFed(engine, { program: batch, data: { ...data, rows } }, { seed, ...states })
  try {
    execution.seek({ ...execution.position(), step, since: step })
    const { means } = await execution.run({ steps: 1 })
    return originIn(program, new Map(telling.results.map(({ name, node }) => [node, means[name]])))
  } finally {
    execution.dispose()
  }
}

/** Those of a replica without its name. */
function statesOf(training: Execution): Record<string, Float32Array> {
  const named = Object.entries(training.read()).map(
    ([name, values]) => [name.replace(/^replica \d+\//, ''), values] as const,
  )
  return Object.fromEntries(named)
}

/** The Program of a step and the rows that it sees. */
export function batchOf(
  batchProgram: BatchProgram,
  step: number,
  data: Split,
  seed: number,
): { readonly program: Program; readonly rows: Int32Array } {
  const { rows: all } = data
  const { program, tail, batchSize } = batchProgram
  const stepsPerEpoch = stepsPerEpochOf(batchProgram)
  const order = new RowOrder(all, seed, rowShuffleOf(data, batchProgram))
  const start = (step % stepsPerEpoch) * batchSize
  const rows = order.slice(Math.floor(step / stepsPerEpoch), start, Math.min(start + batchSize, all.length)).slice()
  return { program: rows.length < batchSize && tail ? tail : program, rows }
}

/**
 * The same computation, whose results are all values of floating point that its loss is made of,
 * and nothing else.
 */
function tellingAll(program: Program): Program {
  const results = [...madeOf(program, lossOf(program))]
    .sort((a, b) => a - b)
    .filter((index) => program.node(index).dtype === 'f32')
    .filter((index) => program.node(index).op !== 'constant')
    .map((index) => ({ name: `%${index}`, node: index }))
  return new Program({ ...program.toJSON(), updates: [], results })
}

function originIn(program: Program, values: ReadonlyMap<number, Float64Array | undefined>): Origin | undefined {
  const of = (index: number) => values.get(index) ?? new Float64Array()
  const isWhole = (index: number) => of(index).every(Number.isFinite)
  let at = lossOf(program)
  if (isWhole(at)) return undefined
  for (;;) {
    const next = program.node(at).inputs.find((input) => !isWhole(input))
    if (next === undefined) break
    at = next
  }
  const sizes = program.node(at).inputs.map((input) => largest(of(input)))
  return {
    tensor: program.toString().split('\n')[at] ?? '',
    line: lineOf(program, at),
    field: program.fields.find(({ node }) => node === at)?.name,
    numNotFinite: of(at).filter((value) => !Number.isFinite(value)).length,
    numValues: of(at).length,
    largestOperand: Math.max(0, ...sizes),
    states: nearestStates(program, at),
  }
}

function lossOf({ results }: Program): number {
  return results.find(({ name }) => name === 'loss')?.node ?? -1
}

/** A node and all that it is computed from. */
export function madeOf(program: Program, node: number): Set<number> {
  const found = new Set([node])
  // A set is visited in the order in which it grows.
  for (const index of found) for (const input of program.node(index).inputs) found.add(input)
  return found
}

function nearestStates(program: Program, node: number): string[] {
  const states = new Map(program.states.map(({ name, node }) => [node, name]))
  let level = [node]
  while (level.length > 0) {
    const names = level.flatMap((index) => states.get(index) ?? [])
    if (names.length > 0) return names
    level = [...new Set(level.flatMap((index) => program.node(index).inputs))]
  }
  return []
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}
