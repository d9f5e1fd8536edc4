/**
 * The variables of a compiled Program: its states, and what the loop keeps besides.
 */
import { type Shape } from '@gradpool/core'
import { invariant, passSizeOf, sizeOf, type BatchProgram } from '@gradpool/core/engine'
import { cutsOf, type CutBatch } from '../sharing/cut-batch.js'
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

/**
 * How the model tells a result: among its scalars, as a sum of its own, or by rows; and in which
 * place among those.
 */
export interface ResultVariable {
  readonly name: string
  readonly kind: 'scalar' | 'sum' | 'rows'
  readonly place: number
}

/** Of all results of a Program, in order. */
export function resultsOf({ program }: BatchProgram): ResultVariable[] {
  const counts = { scalar: 0, sum: 0, rows: 0 }
  return program.results.map(({ name, node, rows }) => {
    const isScalar = sizeOf(program.node(node).shape) === 1
    const kind = rows ? 'rows' : isScalar ? 'scalar' : 'sum'
    return { name, kind, place: counts[kind]++ }
  })
}

export class Variables {
  readonly states: readonly StateVariable[]
  /** Sums over the batch that workers exchange; states to the Programs of a cut step. */
  readonly exchanged: readonly StateVariable[]
  /** The step that comes next, and the one to end before. */
  readonly step: Variable
  readonly limit: Variable
  /** The rows in the order of the epoch: of each full batch, and of a shorter last one. */
  readonly rows: Variable
  readonly tailRows: Variable
  /** Of each averaged result of several elements: the sum over the steps of a loop. */
  readonly sums: readonly Variable[]
  /** Of each result by rows: the rows of a pass, in its order. */
  readonly collected: readonly Variable[]
  /** The sums of all averaged results of one element, and their values in the last step. */
  readonly scalarSums: Variable
  readonly last: Variable

  constructor(batchProgram: BatchProgram, cuts: CutBatch) {
    const { program, batchSize, numExamples } = batchProgram
    const sums = cutsOf(cuts).flatMap(([, { levels }]) => levels.flat())
    this.states = statesAs('state', program.states)
    this.exchanged = statesAs('exchanged', sums)
    const kinds = resultsOf(batchProgram)
    const shapesOf = (wanted: ResultVariable['kind']) =>
      program.results.filter((_, index) => kinds[index]?.kind === wanted).map(({ node }) => program.node(node).shape)
    this.sums = shapesOf('sum').map((shape, index) => {
      return { name: `sum_${index}`, type: 'double', shape }
    })
    const passSize = passSizeOf(batchProgram)
    this.collected = shapesOf('rows').map(([, ...row], index) => {
      return { name: `collected_${index}`, type: 'float', shape: [passSize, ...row] }
    })
    const { length: numScalars } = shapesOf('scalar')
    this.scalarSums = { name: 'scalar_sums', type: 'double', shape: [numScalars] }
    this.last = { name: 'last_results', type: 'float', shape: [numScalars] }
    this.step = { name: 'next_step', type: 'int32', shape: [] }
    this.limit = { name: 'limit', type: 'int32', shape: [] }
    const numFull = Math.floor(numExamples / batchSize)
    this.rows = { name: 'rows', type: 'int32', shape: [numFull, batchSize] }
    this.tailRows = { name: 'tail_rows', type: 'int32', shape: [numExamples % batchSize] }
  }

  get all(): readonly Variable[] {
    const { states, exchanged, step, limit, rows, tailRows, sums, collected, scalarSums, last } = this
    const order = [step, limit, rows, tailRows]
    return [...states, ...exchanged, ...order, ...sums, ...collected, scalarSums, last]
  }

  state(name: string): StateVariable {
    const variable = [...this.states, ...this.exchanged].find(({ state }) => state === name)
    invariant(variable, `state ${name} has a variable`)
    return variable
  }
}

function statesAs(
  prefix: string,
  states: readonly { readonly name: string; readonly shape: Shape }[],
): StateVariable[] {
  return states.map(({ name, shape }, index) => {
    return { name: `${prefix}_${index}`, type: 'float', shape, state: name }
  })
}
