/**
 * The variables of a compiled Program: its states, and what the loop keeps besides.
 */
import { invariant, sizeOf, type BatchProgram, type Shape } from '@gradpool/core'
import type { TensorFlowType } from '../graph/types.js'

export interface Variable {
  /** In the graph, and of the argument that hands its resource to a function. */
  readonly name: string
  readonly type: TensorFlowType
  readonly shape: Shape
}

/** A state and its variable. */
export interface StateVariable extends Variable {
  readonly state: string
}

export class Variables {
  readonly states: readonly StateVariable[]
  /** The step that comes next, and the one to end before. */
  readonly step: Variable
  readonly limit: Variable
  /** The rows in the order of the epoch. */
  readonly order: Variable
  /** Of each result: the sum over the examples. */
  readonly sums: readonly Variable[]
  /** The results of one element, of the last step. */
  readonly last: Variable
  /** Of all batches but a shorter last one. */
  readonly batchSize: number

  constructor({ program, batchSize, numExamples }: BatchProgram) {
    this.batchSize = batchSize
    this.states = program.inputs
      .filter(({ role }) => role === 'state')
      .map(({ name, node }, index) => ({
        name: `state_${index}`,
        type: 'float',
        shape: program.node(node).shape,
        state: name,
      }))
    const shapes = program.results.map(({ node }) => program.node(node).shape)
    this.sums = shapes.map((shape, index) => ({ name: `sum_${index}`, type: 'double', shape }))
    const numScalars = shapes.filter((shape) => sizeOf(shape) === 1).length
    this.last = { name: 'last_results', type: 'float', shape: [numScalars] }
    this.step = { name: 'next_step', type: 'int32', shape: [] }
    this.limit = { name: 'limit', type: 'int32', shape: [] }
    this.order = { name: 'order', type: 'int32', shape: [numExamples] }
  }

  get all(): readonly Variable[] {
    return [...this.states, this.step, this.limit, this.order, ...this.sums, this.last]
  }

  state(name: string): StateVariable {
    const variable = this.states.find(({ state }) => state === name)
    invariant(variable, `state ${name} has a variable`)
    return variable
  }
}
