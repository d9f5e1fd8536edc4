/**
 * What must come of a mutated Program: one sentence, or the same results from all engines, bit by
 * bit, which are those of the reference evaluator.
 */
import { UserError } from '@gradpool/core'
import { sizeOf, type BatchProgram, type Engine, type Execution } from '@gradpool/core/engine'
import { bitsOf } from '../compare.js'
import { firstBatch, parsed, type MutatedProgram } from './cases.js'
import { evaluateWithNoise } from './rounding.js'

/** `alike` where the reference evaluator does not decide: large, ill-conditioned, or out of f32's range. */
export type Verdict = 'refused' | 'alike' | 'right'

/** Larger Programs are too slow in the reference evaluator. */
const MOST_REFERENCE_ELEMENTS = 2 ** 16
const TOLERANCE = 2e-5
/** Of what noise changes; a Program in which it changes more than a hundredth says nothing. */
const NOISE_FACTOR = 8
const MOST_SPREAD = 0.01

const MOST_RUN_STEPS = 3

type Values = Record<string, Float32Array | Float64Array>

/**
 * @param engines that give the same bits; the first with the workers asked for, the others with one
 * @throws Error that says what should not have come of it
 */
export async function judge(mutated: MutatedProgram, engines: readonly Engine[]): Promise<Verdict> {
  const program = await sentenceOr(() => parsed(mutated))
  if (typeof program === 'string') return 'refused'
  const outcomes: (Outcome | string)[] = []
  for (const [index, engine] of engines.entries()) {
    // All refuse a number of workers that none can have.
    const workers = index === 0 || !(mutated.workers >= 1) ? mutated.workers : Math.min(1, mutated.workers)
    outcomes.push(await sentenceOr(() => run(engine, program, { ...mutated, workers })))
  }
  const [first, ...others] = outcomes
  if (first === undefined) throw new Error('there is no engine')
  const odd = others.find((other) => (typeof other === 'string') !== (typeof first === 'string'))
  if (odd !== undefined) {
    const isOfWorkers = typeof first === 'string' && first.includes('workers must be')
    if (!isOfWorkers) throw new Error(`one engine refuses what another runs: ${[first, odd].find(isText) ?? ''}`)
  }
  if (typeof first === 'string') return 'refused'
  for (const other of others) if (typeof other !== 'string') checkBits(first, other)
  return checkReference(first, program, mutated)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

interface Outcome {
  readonly status: string
  /** After one step, and after all. */
  readonly first: Values
  readonly last: Values
}

async function run(engine: Engine, program: BatchProgram, mutated: MutatedProgram): Promise<Outcome> {
  const { data, seed, workers, steps } = mutated
  const execution = await engine.compile(program, { data, seed, workers })
  try {
    // Numbers that are none of few steps are refused, or 0.
    if (!(steps >= 1 && steps <= MOST_RUN_STEPS)) await execution.run({ steps })
    const { status, values: first } = await step(execution, 1)
    if (status !== 'done' || steps === 1) return { status, first, last: first }
    const { status: lastStatus, values: last } = await step(execution, steps - 1)
    return { status: `${status}, ${lastStatus}`, first, last }
  } finally {
    execution.dispose()
  }
}

async function step(execution: Execution, steps: number): Promise<{ status: string; values: Values }> {
  const { status, means, rows } = await execution.run({ steps })
  const prefixed = (prefix: string, values: Values) =>
    Object.fromEntries(Object.entries(values).map(([name, array]) => [`${prefix} ${name}`, array]))
  const values = { ...prefixed('state', execution.read()), ...prefixed('result', means), ...prefixed('result', rows) }
  return { status, values }
}

/** The outcome, or the sentence by which it was refused. @throws Error for any other error, or no sentence */
async function sentenceOr<T>(attempt: () => T | Promise<T>): Promise<T | string> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { message } = error
    if (message.length > MOST_CHARACTERS)
      throw new Error(`a sentence of ${message.length} characters`, { cause: error })
    if (/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(message)) throw new Error('a sentence with control characters')
    return message
  }
}

const MOST_CHARACTERS = 2000

function checkBits(one: Outcome, other: Outcome): void {
  if (one.status !== other.status) throw new Error(`one engine ends ${one.status}, another ${other.status}`)
  for (const part of ['first', 'last'] as const) {
    const [mine, theirs] = [bitsOf(one[part]), bitsOf(other[part])]
    const name = Object.keys({ ...mine, ...theirs }).find((each) => mine[each] !== theirs[each])
    if (name !== undefined) throw new Error(`engines give other bits for ${name}, at the ${part} step`)
  }
}

function checkReference({ status, first }: Outcome, { program }: BatchProgram, mutated: MutatedProgram): Verdict {
  const size = program.nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  if (size > MOST_REFERENCE_ELEMENTS || status.startsWith('notFinite')) return 'alike'
  // The tail's values are those of the first step where the batch is one of them.
  if (program.fields.length > 0 && mutated.numExamples < mutated.batchSize) return 'alike'
  const { values, spread, isInRange } = evaluateWithNoise(program, firstBatch(mutated))
  if (!isInRange) return 'alike'
  let verdict: Verdict = 'right'
  for (const [name, expected] of values) {
    const actual = first[name] ?? new Float32Array()
    if (actual.length !== expected.length) {
      throw new Error(`${name} has ${actual.length} elements, not ${expected.length}`)
    }
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3)
    const noise = spread.get(name) ?? 0
    // NaN is no number of any size.
    if (!(noise < MOST_SPREAD * scale)) {
      verdict = 'alike'
      continue
    }
    const allowed = TOLERANCE * scale + NOISE_FACTOR * noise
    const wrong = expected.findIndex((value, i) => !(Math.abs((actual[i] ?? NaN) - value) <= allowed))
    if (wrong >= 0) {
      throw new Error(`element ${wrong} of ${name} is ${actual[wrong] ?? NaN}, not ${expected[wrong] ?? NaN}`)
    }
  }
  return verdict
}
