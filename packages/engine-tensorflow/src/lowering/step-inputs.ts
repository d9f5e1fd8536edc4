/**
 * What the inputs of a step's Program are in a graph: states are read from variables, and batches gathered, in the
 * order of the epoch, from files that are mapped into memory.
 */
import { invariant, type Program } from '@gradpool/core/engine'
import type { GraphBuilder, Ref, Variable } from '../graph/builder.js'
import { TYPE_OF } from '../graph/types.js'
import { POSITIONS } from '../sharing/cut-step.js'
import type { Variables } from './variables.js'

/** The values of a field in a file that is mapped into memory. */
export interface FieldFile {
  readonly path: string
  readonly numRows: number
}

export interface StepContext {
  /** Whether this is the shorter last batch of an epoch. */
  readonly isTail: boolean
  readonly stepsPerEpoch: number
  readonly seed: number
  readonly batchSize: number
  /** Number of examples in this step's batch. */
  readonly examples: number
  readonly variables: Variables
  readonly field: (name: string) => FieldFile
}

export class StepInputs {
  readonly #program: Program
  readonly #builder: GraphBuilder
  readonly #context: StepContext
  readonly #step: Ref
  readonly #positions: Ref | undefined
  readonly #reads = new Map<string, Ref>()
  #indices: Ref | undefined

  /**
   * @param step the number of the step; all variables are read after it
   * @param positions of a micro-batch's examples within the batch, for a part of a step
   */
  constructor(program: Program, builder: GraphBuilder, context: StepContext, step: Ref, positions?: Ref) {
    this.#program = program
    this.#builder = builder
    this.#context = context
    this.#step = step
    this.#positions = positions
  }

  /** The value of an input node. */
  value(node: number): Ref {
    const input = this.#program.inputs.find((candidate) => candidate.node === node)
    invariant(input, `node ${node} is an input`)
    switch (input.role) {
      case 'step':
        return this.#step
      case 'seed':
        return this.#builder.constant(this.#context.seed | 0, 'int32')
      case 'state':
        return this.#read(this.#context.variables.state(input.name))
      case 'batch':
        return input.name === POSITIONS && this.#positions ? this.#positions : this.#batch(input.name, node)
    }
  }

  /** The value of a variable when the step began, if anything reads it so far. */
  readOf(variable: Variable): Ref | undefined {
    return this.#reads.get(variable.name)
  }

  #read(variable: Variable): Ref {
    const ref = this.readOf(variable) ?? this.#builder.read(variable, [this.#step])
    this.#reads.set(variable.name, ref)
    return ref
  }

  #batch(name: string, node: number): Ref {
    const { shape, dtype } = this.#program.node(node)
    const { path, numRows } = this.#context.field(name)
    const type = TYPE_OF[dtype]
    const table = this.#builder.add('ImmutableConst', type, [], {
      attributes: {
        shape: { shape: [numRows, ...shape.slice(1)] },
        memory_region_name: { text: path },
      },
    })
    return this.#builder.gatherRows(type, table, this.#rows())
  }

  /** The row numbers of the batch's examples. */
  #rows(): Ref {
    if (this.#indices !== undefined) return this.#indices
    const { isTail, variables } = this.#context
    const rows = this.#read(isTail ? variables.tailRows : variables.rows)
    this.#indices = isTail ? rows : this.#builder.gatherRows('int32', rows, this.#batchNumber())
    return this.#indices
  }

  /** The positions of the batch's examples in the order of the pass. */
  places(): Ref {
    const builder = this.#builder
    const { batchSize, examples } = this.#context
    const within = Array.from({ length: examples }, (_, i) => i)
    const size = [this.#batchNumber(), builder.constant(batchSize, 'int32')]
    const first = builder.add('Mul', 'int32', size)
    return builder.add('AddV2', 'int32', [first, builder.constant(within, 'int32', [examples])])
  }

  /** Within the epoch. */
  #batchNumber(): Ref {
    const numSteps = this.#builder.constant(this.#context.stepsPerEpoch, 'int32')
    return this.#builder.add('FloorMod', 'int32', [this.#step, numSteps])
  }
}
