/**
 * Whether what an execution is given fits its program: data, seed, states, a position, a number of
 * steps. Every engine refuses here, once, what would make a step fail or read what is not there.
 */
import { examplesBefore, resultSize, stepsPerEpochOf, type BatchProgram } from '../training/batch-program.js'
import { ownValue } from '../checks.js'
import type { Field } from './dataset.js'
import { bytesPerElement, sizeOf } from '../program/dtype.js'
import type { CompileOptions, Position, StateValues } from './engine.js'
import { UserError } from '../errors.js'
import type { Program } from '../program/program.js'

/** The step's number is an i32 in programs. */
export const MOST_STEPS = 2 ** 31 - 1

/** Workers of one execution: more than any machine has cores. */
export const MOST_WORKERS = 1024

/** @throws UserError with one sentence. */
export function checkFit(batchProgram: BatchProgram, options: CompileOptions): void {
  const { program, tail, batchSize, numExamples } = batchProgram
  const { data, state, seed, shareStateOf, workers = 1 } = options
  checkBatches(batchProgram)
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS) {
    throw new UserError(`workers must be a whole number from 1 to ${MOST_WORKERS}, not ${workers}`)
  }
  if (!Number.isInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32) {
    throw new UserError(`a seed is a whole number of 32 bits, not ${seed}`)
  }
  if (data.rows.length !== numExamples) {
    throw new UserError(`the program was traced for ${numExamples} examples, the data has ${data.rows.length}`)
  }
  checkBatch(program, batchSize, options)
  if (tail) checkBatch(tail, numExamples % batchSize, options)
  if (state && shareStateOf) {
    throw new UserError('an execution has states of its own, or shares those of another, not both')
  }
  if (state) statesGiven(stateSizes(program), state)
}

/** Whether batches, the last of them and what they tell are of one make. */
function checkBatches({ program, tail, batchSize, numExamples }: BatchProgram): void {
  if (!Number.isInteger(numExamples) || numExamples < 1 || numExamples > MOST_STEPS) {
    throw new UserError(`the number of examples must be a whole number from 1 to ${MOST_STEPS}, not ${numExamples}`)
  }
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > numExamples) {
    throw new UserError(`batchSize must be a whole number from 1 to the ${numExamples} examples, not ${batchSize}`)
  }
  const rest = numExamples % batchSize
  checkRows(program, batchSize)
  if (!tail) return
  if (rest === 0) throw new UserError(`there is a program for a last batch, but ${batchSize} divides ${numExamples}`)
  checkRows(tail, rest)
  const [whole, last] = [program, tail].map((part) => JSON.stringify(interfaceOf(part)))
  if (whole !== last) throw new UserError('the program of the last batch has other states or results than the program')
}

function checkRows(program: Program, batchSize: number): void {
  for (const { name, node, rows } of program.results) {
    const [first] = program.node(node).shape
    if (rows && first !== batchSize) {
      throw new UserError(`the result "${name}" has ${first ?? 'no'} rows for a batch of ${batchSize}`)
    }
  }
}

/** What the programs of all batches have alike; the order of states does not matter. */
function interfaceOf(program: Program): unknown {
  const states = program.states.map(({ name, shape }) => [name, shape] as const)
  const updates = program.updates.map(({ name }) => name)
  const results = program.results.map(({ name, node, rows = false }) => {
    return [name, rows, program.node(node).shape.slice(rows ? 1 : 0)]
  })
  return { states: states.sort(([a], [b]) => (a < b ? -1 : 1)), updates: updates.sort(), results }
}

function checkBatch(program: Program, batchSize: number, { data }: CompileOptions): void {
  for (const { name, dtype, shape } of program.fields) {
    const field = ownValue(data.fields, name)
    if (!field) {
      const known = Object.keys(data.fields).join(', ')
      throw new UserError(`the program reads the field "${name}", which the data does not have (it has: ${known})`)
    }
    const [batch, ...example] = shape
    if (batch !== batchSize) {
      throw new UserError(
        `the program reads the field "${name}" for ${batch ?? 1} examples, its batches have ${batchSize}`,
      )
    }
    if (dtype !== field.dtype || sizeOf(example) !== sizeOf(field.shape)) {
      throw new UserError(
        `the program reads the field "${name}" as ${dtype}[${example.join(', ')}], the data has ${field.dtype}[${field.shape.join(', ')}]`,
      )
    }
    const numRows = rowsOf(name, field)
    const stray = data.rows.find((row) => row < 0 || row >= numRows)
    if (stray !== undefined) {
      throw new UserError(`row ${stray} is not in the field "${name}", which has ${numRows} rows`)
    }
  }
}

const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const

function rowsOf(name: string, { dtype, shape, values }: Field): number {
  const array = arrays[dtype]
  if (!(values instanceof array)) {
    throw new UserError(
      `the field "${name}" is ${dtype}, so its values must be a ${array.name}, not a ${values.constructor.name}`,
    )
  }
  const numRows = values.byteLength / bytesPerElement[dtype] / sizeOf(shape)
  if (Number.isInteger(numRows)) return numRows
  throw new UserError(
    `the field "${name}" has ${values.length} values, which is no whole number of examples of [${shape.join(', ')}]`,
  )
}

/** Elements of each state by its name. */
export function stateSizes(program: Program): Map<string, number> {
  return new Map(program.states.map(({ name, shape }) => [name, sizeOf(shape)]))
}

/**
 * The values of these states, by name, without those of an optimizer that is not there.
 *
 * @throws UserError for a value that is of none of these states, or has another number of elements.
 */
export function statesGiven(
  sizes: ReadonlyMap<string, number>,
  values: StateValues,
): (readonly [string, Float32Array])[] {
  return Object.entries(values).filter(([name, given]) => {
    const size = sizes.get(name)
    if (size === undefined) {
      if (name.startsWith('optimizer/')) return false
      throw new UserError(`there is no state "${name}"; there are: ${[...sizes.keys()].join(', ')}`)
    }
    if (given.length !== size) {
      throw new UserError(`the state "${name}" has ${size} elements, ${given.length} were given`)
    }
    return true
  })
}

/** @throws UserError for a number of steps that an execution at `step` cannot do. */
export function checkSteps(steps: number, step: number): void {
  const most = MOST_STEPS - step
  if (!Number.isInteger(steps) || steps < 0 || steps > most) {
    throw new UserError(`steps must be a whole number from 0 to ${most}, not ${steps}`)
  }
}

/** @throws UserError for a position at which an execution of the program cannot stand */
export function checkPosition(batchProgram: BatchProgram, position: Position): void {
  const { step, since } = position
  if (!isStep(since) || !isStep(step) || since > step) {
    throw new UserError(`a position is at a step that can be, not at ${since} to ${step}`)
  }
  const before = (at: number) => examplesBefore(batchProgram, at)
  const numRows = Math.min(before(stepsPerEpochOf(batchProgram)), before(step) - before(since))
  const { results } = batchProgram.program
  for (const [kind, wanted, given] of [
    ['sums', results.filter(({ rows }) => !rows), position.sums],
    ['rows', results.filter(({ rows }) => rows), position.rows],
  ] as const) {
    if (Object.keys(given).length !== wanted.length) {
      throw new UserError(`a position has ${kind} of ${wanted.map(({ name }) => name).join(', ')}`)
    }
    for (const result of wanted) {
      const size = resultSize(batchProgram, result) * (result.rows ? numRows : 1)
      // Rows of other steps do not matter where the sums begin.
      if (result.rows && since === step && given[result.name]) continue
      if (given[result.name]?.length !== size) {
        throw new UserError(`a position has ${size} ${kind} of "${result.name}"`)
      }
    }
  }
}

function isStep(step: number): boolean {
  return Number.isInteger(step) && step >= 0 && step <= MOST_STEPS
}

/**
 * @throws UserError for a number of workers that cannot run a chunk of an execution that was
 *   compiled for `most` together.
 */
export function checkWorkers(workers: number, most: number): void {
  if (!Number.isInteger(workers) || workers < 1 || workers > most) {
    throw new UserError(`this execution was compiled for 1 to ${most} workers, not ${workers}`)
  }
}
