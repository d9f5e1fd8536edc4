/**
 * The reference evaluator: what a Program means, in plain float64 JavaScript.
 *
 * It is the oracle that engines are tested against, written to be read, not to be fast: one simple function per op,
 * each node computed once, in order. Values are kept in double precision, f32 constants and random numbers as the f32
 * that they are, integers exactly; so it differs from an engine by the engine's rounding alone.
 */
import { ownValue } from '../checks.js'
import { invariant, UserError } from '../errors.js'
import { initialState } from '../random/initial-state.js'
import type { Node } from '../program/node.js'
import { Program } from '../program/program.js'
import type { Input, Output, ProgramData } from '../program/program-data.js'
import { sizeOf } from '../program/dtype.js'
import { computeNode, type Evaluated } from './reference-kernels.js'

export interface EvaluationInputs {
  /** States by name; one that is not given has its initializer's value. */
  readonly state?: Readonly<Record<string, ArrayLike<number>>>
  /** Batch fields by name, row-major. */
  readonly batch?: Readonly<Record<string, ArrayLike<number>>>
  /** Default: 0. */
  readonly step?: number
  /** Default: 0. */
  readonly seed?: number
  /** What takes the place of a node's values, by the node's number: for studies of rounding. Default: they stay. */
  readonly eachNode?: (values: Float64Array, node: number) => Float64Array
}

export interface Evaluation {
  /** All states after the step, those without an update as they were; so it can be the next step's `state`. */
  readonly state: Readonly<Record<string, Float64Array>>
  readonly results: Readonly<Record<string, Float64Array>>
}

/**
 * Runs a Program once; it may be plain data, as it comes to another thread.
 *
 * @throws UserError where a batch field is missing, or a value has the wrong number of elements
 */
export function evaluate(data: ProgramData, inputs: EvaluationInputs = {}): Evaluation {
  const program = new Program(data)
  const eachNode = inputs.eachNode ?? ((values: Float64Array) => values)
  const sources = new Map(program.inputs.map((input) => [input.node, input]))
  const initial = initialState(program, inputs.seed ?? 0, inputs.state)
  const evaluated: Evaluated[] = []
  const at = (index: number): Evaluated => {
    const value = evaluated[index]
    invariant(value, `node ${index} is used before it is computed`)
    return value
  }
  program.nodes.forEach((node, index) => {
    const source = sources.get(index)
    const values = source ? inputValues(source, node, inputs, initial) : computeNode(node, node.inputs.map(at))
    evaluated.push({ shape: node.shape, dtype: node.dtype, values: eachNode(values, index) })
  })
  const named = (outputs: readonly Output[]) =>
    Object.fromEntries(outputs.map(({ name, node }) => [name, at(node).values]))
  return {
    state: { ...named(program.states), ...named(program.updates) },
    results: named(program.results),
  }
}

function inputValues(
  input: Input,
  { shape }: Node,
  { state, batch, step = 0, seed = 0 }: EvaluationInputs,
  initial: Readonly<Record<string, ArrayLike<number>>>,
): Float64Array {
  switch (input.role) {
    case 'step':
      return Float64Array.of(step)
    case 'seed':
      return Float64Array.of(seed)
    case 'state':
      return given(input, sizeOf(shape), ownValue(state, input.name) ?? initial[input.name])
    case 'batch':
      return given(input, sizeOf(shape), ownValue(batch, input.name))
  }
}

function given(input: Input, size: number, values: ArrayLike<number> | undefined): Float64Array {
  if (!values) throw new UserError(`evaluate needs a value for ${input.role} "${input.name}"`)
  if (values.length !== size) {
    throw new UserError(`${input.role} "${input.name}" has ${size} elements, but was given ${values.length}`)
  }
  return Float64Array.from(values)
}
