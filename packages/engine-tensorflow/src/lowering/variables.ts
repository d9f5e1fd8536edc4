/** The variables of a compiled Program: its states, and those of the loop over steps. */
import { type Shape } from '@gradpool/core'
import { invariant, passSizeOf, sizeOf, type BatchProgram } from '@gradpool/core/engine'
import type { Variable } from '../graph/builder.js'
import type { CutBatch } from '../sharing/cut-batch.js'

export interface StateVariable extends Variable {
  readonly state: string
}

/**
 * How the model reports a result: with the other scalars, as a sum of its own, or by rows; and its index among those.
 */
export interface ResultVariable {
  readonly name: string
  readonly kind: 'scalar' | 'sum' | 'rows'
  readonly place: number
}

function resultsOf({ program }: BatchProgram): ResultVariable[] {
  const counts = { scalar: 0, sum: 0, rows: 0 }
  return program.results.map(({ name, node, rows }) => {
    const isScalar = sizeOf(program.node(node).shape) === 1
    const kind = rows ? 'rows' : isScalar ? 'scalar' : 'sum'
    return { name, kind, place: counts[kind]++ }
  })
}

export class Variables {
  /** All results of the Program, in order. */
  readonly results: readonly ResultVariable[]
  readonly states: readonly StateVariable[]
  /** Sums over the batch that workers exchange. The Programs of a cut step read them as states. */
  readonly exchanged: readonly StateVariable[]
  /** The next step, and the step at which the loop ends. */
  readonly step: Variable
  readonly limit: Variable
  /** The row numbers of an epoch, in its order: of each full batch, and of the shorter last one. */
  readonly rows: Variable
  readonly tailRows: Variable
  /** For each averaged result of several elements, the sum over the steps of a loop. */
  readonly sums: readonly Variable[]
  /** For each result by rows, the rows of a pass, in its order. */
  readonly collected: readonly Variable[]
  /** For all averaged results of one element, their sums and their values in the last step. */
  readonly scalarSums: Variable
  readonly last: Variable

  constructor(batchProgram: BatchProgram, cuts: CutBatch) {
    const { program, batchSize, numExamples } = batchProgram
    const sums = [...cuts.values()].flatMap(({ levels }) => levels.flat())
    this.states = statesAs('state', program.states)
    this.exchanged = statesAs('exchanged', sums)
    this.results = resultsOf(batchProgram)
    const shapesOf = (wanted: ResultVariable['kind']) =>
      program.results
        .filter((_, index) => this.results[index]?.kind === wanted)
        .map(({ node }) => program.node(node).shape)
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
