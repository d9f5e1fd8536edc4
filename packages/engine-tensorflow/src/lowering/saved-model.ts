/**
 * A BatchProgram as one SavedModel, whose signatures share its variables:
 *
 * - `write` sets all states, `read` returns them.
 * - `begin` sets the order of an epoch and the step to continue from.
 * - `full` and `tail` run the steps below a limit in one loop. They return the sums of their results over the steps,
 *   and the results of the last step.
 * - `status` returns the same for a loop that failed, and how far it came.
 * - `collected` returns the results by rows.
 * - Where workers share a step, for each level of sums: `part_…` computes the sums over the examples of one
 *   micro-batch, gradients among them; `exchange_…` sets the sums that the next call of `full` or `tail` reads.
 *
 * Sums are doubles, a type that tfjs does not have: they are returned as pairs of integers.
 */
import { stepsPerEpochOf, type BatchProgram, type Program } from '@gradpool/core/engine'
import { GraphBuilder, type Ref, type Variable } from '../graph/builder.js'
import { encodeSavedModel, type Endpoint, type Signature } from '../graph/messages.js'
import type { TensorFlowType } from '../graph/types.js'
import { exchangeSignature, partSignature, type CutBatch, type StepKind } from '../sharing/cut-batch.js'
import { POSITIONS } from '../sharing/cut-step.js'
import { StepInputs, type FieldFile, type StepContext } from './step-inputs.js'
import { loopCondition, lowerStep } from './step.js'
import { Values } from './values.js'
import type { StateVariable, Variables } from './variables.js'

export interface LoweringOptions {
  readonly seed: number
  readonly field: (name: string) => FieldFile
  readonly cuts: CutBatch
  readonly variables: Variables
}

/**
 * The bytes of `saved_model.pb`, and the names of its signatures.
 *
 * @throws UserError for an op that TensorFlow has no equivalent of
 */
export function lowerBatchProgram(
  batchProgram: BatchProgram,
  { seed, field, cuts, variables }: LoweringOptions,
): { readonly bytes: Uint8Array; readonly signatures: readonly string[] } {
  const { program, tail, batchSize, numExamples } = batchProgram
  const graph = new ModelGraph(variables)
  const stepsPerEpoch = stepsPerEpochOf(batchProgram)
  const condition = loopCondition('condition', variables)
  const contextOf = (kind: StepKind): StepContext => {
    const isTail = kind === 'tail'
    const examples = isTail ? numExamples % batchSize : batchSize
    return { seed, field, variables, stepsPerEpoch, batchSize, isTail, examples }
  }
  const functions = [condition]
  const signatures: Record<string, Signature> = {
    write: graph.write('write', variables.states),
    read: graph.read(variables.states),
    begin: graph.begin(),
    status: { inputs: {}, outputs: graph.status() },
  }
  if (variables.collected.length > 0) signatures.collected = graph.read(variables.collected)
  const addLoop = (kind: StepKind, step: Program): void => {
    const body = lowerStep(`${kind}_step`, cuts.get(kind)?.rest ?? step, contextOf(kind))
    functions.push(body)
    signatures[kind] = graph.loop(kind, condition.name, body.name)
  }
  addLoop('full', program)
  if (tail) addLoop('tail', tail)
  for (const [kind, cut] of cuts) {
    for (const [level, sums] of cut.levels.entries()) {
      const exchange = exchangeSignature(kind, level)
      const exchanged = sums.map(({ name }) => variables.state(name))
      signatures[exchange] = graph.write(exchange, exchanged)
      for (const length of new Set(cut.microBatches.map((microBatch) => microBatch.length))) {
        const part = partSignature(kind, level, length)
        signatures[part] = graph.part(part, cut.part(level, length), contextOf(kind))
      }
    }
  }
  const bytes = encodeSavedModel({ nodes: graph.nodes, functions, signatures })
  return { bytes, signatures: Object.keys(signatures) }
}

class ModelGraph {
  readonly #builder = new GraphBuilder('graph')
  readonly #variables: Variables

  constructor(variables: Variables) {
    this.#variables = variables
    for (const { name, type, shape } of variables.all) {
      const attributes = { shape: { shape }, shared_name: { text: name } }
      this.#builder.add('VarHandleOp', type, [], { name, attributes })
    }
  }

  get nodes() {
    return this.#builder.nodes
  }

  write(signature: string, variables: readonly StateVariable[]): Signature {
    const inputs: Record<string, Endpoint> = {}
    const assigned = variables.map((variable) => {
      const { name, shape } = variable
      const input = this.#builder.placeholder(`${signature}_${name}`, 'float', shape)
      inputs[name] = input
      return this.#builder.assign(variable, input.tensor)
    })
    // A variable exists once it has a value.
    if (signature === 'write') assigned.push(...this.#fill(this.#variables.collected, 0, 'float'))
    return { inputs, outputs: { done: this.#done(signature, assigned) } }
  }

  read(variables: readonly Variable[]): Signature {
    const outputs = variables.map((variable) => {
      const { name, shape } = variable
      return [name, { tensor: this.#builder.read(variable), type: 'float', shape }] as const
    })
    return { inputs: {}, outputs: Object.fromEntries(outputs) }
  }

  begin(): Signature {
    const { rows, tailRows, step } = this.#variables
    const inputs = {
      rows: this.#builder.placeholder('begin_rows', 'int32', rows.shape),
      tail_rows: this.#builder.placeholder('begin_tail_rows', 'int32', tailRows.shape),
      step: this.#builder.placeholder('begin_step', 'int32', []),
    }
    const assigned = [
      this.#builder.assign(rows, inputs.rows.tensor),
      this.#builder.assign(tailRows, inputs.tail_rows.tensor),
      this.#builder.assign(step, inputs.step.tensor),
    ]
    return { inputs, outputs: { done: this.#done('begin', assigned) } }
  }

  loop(name: string, condition: string, body: string): Signature {
    const { step, limit, all } = this.#variables
    const limitInput = this.#builder.placeholder(`${name}_limit`, 'int32', [])
    const ready = [this.#builder.assign(limit, limitInput.tensor), ...this.#clear()]
    const first = this.#builder.read(step, ready)
    const handles = all.map((variable) => this.#builder.handle(variable))
    const types: readonly TensorFlowType[] = ['int32', ...handles.map(() => 'resource' as const)]
    const last = this.#builder.add('While', undefined, [first, ...handles], {
      name: `${name}_loop`,
      attributes: {
        T: { types },
        cond: { function: condition },
        body: { function: body },
        output_shapes: { shapes: [] },
        parallel_iterations: { int: 1 },
        _lower_using_switch_merge: { bool: true },
      },
    })
    return { inputs: { limit: limitInput }, outputs: this.status([last]) }
  }

  /** The results of a part of a step, for the examples at given positions in the batch. */
  part(name: string, program: Program, context: StepContext): Signature {
    const builder = this.#builder
    const input = program.inputs.find((each) => each.name === POSITIONS)
    const positions = input && builder.placeholder(`${name}_positions`, 'int32', program.node(input.node).shape)
    const step = builder.read(this.#variables.step)
    const source = new StepInputs(program, builder, context, step, positions?.tensor)
    const values = new Values(program, builder, (node) => source.value(node))
    const outputs = program.results.map(({ name: sum, node }) => {
      const { shape } = program.node(node)
      const endpoint: Endpoint = { tensor: values.of(node), type: 'float', shape }
      return [this.#variables.state(sum).name, endpoint] as const
    })
    return { inputs: positions ? { positions } : {}, outputs: Object.fromEntries(outputs) }
  }

  /** How far a loop came, and its results. */
  status(after: readonly Ref[] = []): Record<string, Endpoint> {
    const { step, sums, scalarSums, last } = this.#variables
    const outputs: Record<string, Endpoint> = {
      step: { tensor: this.#builder.read(step, after), type: 'int32', shape: [] },
      last: { tensor: this.#builder.read(last, after), type: 'float', shape: last.shape },
    }
    for (const variable of [...sums, scalarSums]) {
      const words = this.#builder.add('Bitcast', 'double', [this.#builder.read(variable, after)], {
        attributes: { type: { type: 'int32' } },
      })
      outputs[variable.name] = { tensor: words, type: 'int32', shape: [...variable.shape, 2] }
    }
    return outputs
  }

  /** Discards the results of the loop before. */
  #clear(): Ref[] {
    const { sums, scalarSums, last } = this.#variables
    return [...this.#fill([...sums, scalarSums], 0, 'double'), ...this.#fill([last], NaN, 'float')]
  }

  #fill(variables: readonly Variable[], value: number, type: 'double' | 'float'): Ref[] {
    return variables.map((variable) => {
      return this.#builder.assign(variable, this.#builder.constant(value, type, variable.shape))
    })
  }

  /** A tensor that is computed after all assignments: a signature needs an output. */
  #done(name: string, after: readonly Ref[]): Endpoint {
    const zero = this.#builder.constant(0, 'int32')
    const tensor = this.#builder.add('Identity', 'int32', [zero], { name: `${name}_done`, after })
    return { tensor, type: 'int32', shape: [] }
  }
}

/** The doubles whose halves are these integers. */
export function doublesOf(words: Int32Array): Float64Array {
  return new Float64Array(Int32Array.from(words).buffer)
}
