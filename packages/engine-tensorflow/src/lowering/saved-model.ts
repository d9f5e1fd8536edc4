/**
 * A BatchProgram as one SavedModel, whose signatures share its variables:
 *
 * - `write`: sets all states; `read`: gives them.
 * - `begin`: sets the order of an epoch and the step to continue from.
 * - `full`, `tail`: the steps below a limit, in one loop; the sums of their results over the steps,
 *   and the last step's.
 * - `status`: how far a loop came that failed.
 * - `collected`: results by rows.
 * - where a step is cut for workers to share, for each level of sums: `part_…`, the sums over one
 *   micro-batch's examples, the gradients among them; `exchange_…`, which sets the sums that the
 *   next call of `full` or `tail` reads.
 *
 * Sums are doubles, which tfjs has not: they go out as pairs of integers.
 */
import { type Shape } from '@gradpool/core'
import { stepsPerEpochOf, type BatchProgram, type Program } from '@gradpool/core/engine'
import { GraphBuilder, type Ref } from '../graph/builder.js'
import { encodeSavedModel, type Endpoint, type Signature } from '../graph/messages.js'
import type { TensorFlowType } from '../graph/types.js'
import { cutsOf, exchangeSignature, partSignature, type CutBatch, type StepKind } from '../sharing/cut-batch.js'
import { POSITIONS } from '../sharing/cut-step.js'
import { StepInputs, type FieldFile, type StepContext } from './step-inputs.js'
import { loopCondition, lowerStep } from './step.js'
import { Values } from './values.js'
import { resultsOf, Variables, type StateVariable, type Variable } from './variables.js'

export interface LoweringOptions {
  readonly seed: number
  readonly field: (name: string) => FieldFile
  readonly cuts: CutBatch
}

/**
 * The bytes of `saved_model.pb`, and the names of its signatures. @throws UserError for an op that TensorFlow has no
 * equal of
 */
export function lowerBatchProgram(
  batchProgram: BatchProgram,
  options: LoweringOptions,
): { readonly bytes: Uint8Array; readonly signatures: readonly string[] } {
  const { program, tail, batchSize, numExamples } = batchProgram
  const { seed, field, cuts } = options
  const variables = new Variables(batchProgram, cuts)
  const graph = new ModelGraph(variables)
  const stepsPerEpoch = stepsPerEpochOf(batchProgram)
  const results = resultsOf(batchProgram)
  const condition = loopCondition('condition', variables)
  const contextOf = (kind: StepKind): StepContext => ({
    ...{ seed, field, variables, results, stepsPerEpoch, batchSize, isTail: kind === 'tail' },
    examples: kind === 'tail' ? numExamples % batchSize : batchSize,
  })
  const functions = [condition]
  const signatures: Record<string, Signature> = {
    write: graph.write('write', variables.states),
    read: graph.read(),
    begin: graph.begin(),
    status: graph.status(),
  }
  if (variables.collected.length > 0) signatures.collected = graph.collected()
  const addLoop = (kind: StepKind, step: Program): void => {
    const body = lowerStep(`${kind}_step`, cuts[kind]?.rest ?? step, contextOf(kind))
    functions.push(body)
    signatures[kind] = graph.loop(kind, condition.name, body.name)
  }
  addLoop('full', program)
  if (tail) addLoop('tail', tail)
  for (const [kind, cut] of cutsOf(cuts)) {
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
  readonly #handles = new Map<Variable, Ref>()

  constructor(variables: Variables) {
    this.#variables = variables
    for (const variable of variables.all) {
      const { name, type, shape } = variable
      const attributes = { shape: { shape }, shared_name: { text: name } }
      const handle = this.#builder.add('VarHandleOp', type, [], { name, attributes })
      this.#handles.set(variable, handle)
    }
  }

  get nodes() {
    return this.#builder.nodes
  }

  write(signature: string, variables: readonly StateVariable[]): Signature {
    const inputs: Record<string, Endpoint> = {}
    const assigned = variables.map((variable) => {
      const { name, shape } = variable
      const placeholder = this.#placeholder(`${signature}_${name}`, 'float', shape)
      inputs[name] = placeholder
      return this.#assign(variable, placeholder.tensor)
    })
    // A variable exists once it has a value.
    if (signature === 'write') assigned.push(...this.#fill(this.#variables.collected, 0, 'float'))
    return { inputs, outputs: { done: this.#done(signature, assigned) } }
  }

  read(): Signature {
    return this.#told(this.#variables.states)
  }

  collected(): Signature {
    return this.#told(this.#variables.collected)
  }

  #told(variables: readonly Variable[]): Signature {
    const outputs = variables.map((variable) => {
      const { name, shape } = variable
      return [name, { tensor: this.#read(variable), type: 'float', shape }] as const
    })
    return { inputs: {}, outputs: Object.fromEntries(outputs) }
  }

  begin(): Signature {
    const { rows, tailRows, step } = this.#variables
    const inputs = {
      rows: this.#placeholder('begin_rows', 'int32', rows.shape),
      tail_rows: this.#placeholder('begin_tail_rows', 'int32', tailRows.shape),
      step: this.#placeholder('begin_step', 'int32', []),
    }
    const assigned = [
      this.#assign(rows, inputs.rows.tensor),
      this.#assign(tailRows, inputs.tail_rows.tensor),
      this.#assign(step, inputs.step.tensor),
    ]
    return { inputs, outputs: { done: this.#done('begin', assigned) } }
  }

  loop(name: string, condition: string, body: string): Signature {
    const { step, limit, all } = this.#variables
    const limitInput = this.#placeholder(`${name}_limit`, 'int32', [])
    const ready = [this.#assign(limit, limitInput.tensor), ...this.#clear()]
    const first = this.#read(step, ready)
    const handles = all.map((variable) => this.#handle(variable))
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
    const outputs = this.#status([last])
    return { inputs: { limit: limitInput }, outputs }
  }

  /** The results of a part of a step, from the positions of a micro-batch's examples. */
  part(name: string, program: Program, context: StepContext): Signature {
    const positions = program.inputs.find((input) => input.name === POSITIONS)
    const length = positions && program.node(positions.node).shape
    const inputs: Record<string, Endpoint> =
      length === undefined ? {} : { positions: this.#placeholder(`${name}_positions`, 'int32', length) }
    const given = {
      step: this.#read(this.#variables.step),
      handle: (variable: Variable) => this.#handle(variable),
      ...(inputs.positions && { positions: inputs.positions.tensor }),
    }
    const source = new StepInputs(program, this.#builder, context, given)
    const values = new Values(program, this.#builder, (node) => source.value(node))
    const outputs = program.results.map(({ name: sum, node }) => {
      const { shape } = program.node(node)
      const endpoint: Endpoint = { tensor: values.of(node), type: 'float', shape }
      return [this.#variables.state(sum).name, endpoint] as const
    })
    return { inputs, outputs: Object.fromEntries(outputs) }
  }

  status(): Signature {
    return { inputs: {}, outputs: this.#status([]) }
  }

  #status(after: readonly Ref[]): Record<string, Endpoint> {
    const { step, sums, scalarSums, last } = this.#variables
    const outputs: Record<string, Endpoint> = {
      step: { tensor: this.#read(step, after), type: 'int32', shape: [] },
      last: { tensor: this.#read(last, after), type: 'float', shape: last.shape },
    }
    for (const variable of [...sums, scalarSums]) {
      const words = this.#builder.add('Bitcast', 'double', [this.#read(variable, after)], {
        attributes: { type: { type: 'int32' } },
      })
      outputs[variable.name] = { tensor: words, type: 'int32', shape: [...variable.shape, 2] }
    }
    return outputs
  }

  /** No results yet. */
  #clear(): Ref[] {
    const { sums, scalarSums, last } = this.#variables
    return [...this.#fill([...sums, scalarSums], 0, 'double'), ...this.#fill([last], NaN, 'float')]
  }

  #fill(variables: readonly Variable[], value: number, type: 'double' | 'float'): Ref[] {
    return variables.map((variable) => this.#assign(variable, this.#builder.constant(value, type, variable.shape)))
  }

  #placeholder(name: string, type: TensorFlowType, shape: Shape): Endpoint {
    return this.#builder.placeholder(name, type, shape)
  }

  /** A tensor that is there when all has been assigned; a signature needs one. */
  #done(name: string, after: readonly Ref[]): Endpoint {
    const zero = this.#builder.constant(0, 'int32')
    const tensor = this.#builder.add('Identity', 'int32', [zero], { name: `${name}_done`, after })
    return { tensor, type: 'int32', shape: [] }
  }

  #assign(variable: Variable, value: Ref): Ref {
    return this.#builder.assign(variable.type, this.#handle(variable), value)
  }

  #read(variable: Variable, after: readonly Ref[] = []): Ref {
    return this.#builder.read(variable.type, this.#handle(variable), after)
  }

  #handle(variable: Variable): Ref {
    return this.#handles.get(variable) ?? ''
  }
}

/** The doubles whose halves are these integers. */
export function doublesOf(words: Int32Array): Float64Array {
  return new Float64Array(Int32Array.from(words).buffer)
}
