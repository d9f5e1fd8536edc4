/**
 * A step of a Program as the body of a loop: gathers the batch's rows, computes results and updates, and writes them to
 * variables.
 *
 * The next step waits for all of that, so steps do not overlap. Every variable is read after the step has begun and
 * written after all its reads, and after the matrix products that use the value read, which lets TensorFlow write in
 * place. TensorFlow may reorder other ops, and what waits for them.
 */
import { invariant, type Program } from '@gradpool/core/engine'
import { GraphBuilder, type Ref, type Variable } from '../graph/builder.js'
import type { Attributes, FunctionDefinition } from '../graph/messages.js'
import type { TensorFlowOp } from '../graph/ops.js'
import { fusedUpdates, slotScale, type FusedUpdate } from './fused.js'
import { StepInputs, type StepContext } from './step-inputs.js'
import { Values } from './values.js'
import type { Variables } from './variables.js'

/** The message of `CheckNumerics` for a loss, which distinguishes this failure from others. */
export const NOT_FINITE = 'The loss is not a finite number'

/** The body: (step, variables) → (step + 1, variables). */
export function lowerStep(name: string, program: Program, context: StepContext): FunctionDefinition {
  return new StepBuilder(program, context).build(name)
}

/** The condition of the loop: (step, variables) → step < limit. */
export function loopCondition(name: string, variables: Variables): FunctionDefinition {
  const builder = new GraphBuilder('function')
  const limit = builder.read(variables.limit, ['step'])
  const goesOn = builder.add('Less', 'int32', ['step', limit])
  const outputs = [{ name: 'goes_on', type: 'bool', value: goesOn }] as const
  return { name, inputs: argumentsOf(variables), outputs, nodes: builder.nodes }
}

function argumentsOf(variables: Variables) {
  const handles = variables.all.map(({ name }) => ({ name, type: 'resource' }) as const)
  return [{ name: 'step', type: 'int32' } as const, ...handles]
}

class StepBuilder {
  readonly #program: Program
  readonly #context: StepContext
  readonly #builder = new GraphBuilder('function')
  readonly #values: Values
  readonly #inputs: StepInputs

  constructor(program: Program, context: StepContext) {
    this.#program = program
    this.#context = context
    this.#inputs = new StepInputs(program, this.#builder, context, 'step')
    this.#values = new Values(program, this.#builder, (node) => this.#inputs.value(node))
  }

  build(name: string): FunctionDefinition {
    const { variables } = this.#context
    const guard = this.#guard()
    const told = this.#tellResults(guard)
    const updated = this.#update(guard)
    const builder = this.#builder
    const one = builder.constant(1, 'int32')
    const after = [...guard, ...told, ...updated]
    const next = builder.add('AddV2', 'int32', ['step', one], { after })
    const counted = builder.assign(variables.step, next)
    const last = builder.add('Identity', 'int32', [next], { after: [counted] })
    const inputs = argumentsOf(variables)
    const outputs = inputs.map((argument) => ({
      ...argument,
      name: `${argument.name}_next`,
      value: argument.name === 'step' ? last : argument.name,
    }))
    return { name, inputs, outputs, nodes: builder.nodes }
  }

  /** What all writes wait for: the check that the loss is finite. */
  #guard(): Ref[] {
    const loss = this.#program.results.find(({ name }) => name === 'loss')
    if (loss === undefined) return []
    const attributes = { message: { text: NOT_FINITE } }
    const value = this.#values.of(loss.node)
    return [this.#builder.add('CheckNumerics', 'float', [value], { attributes })]
  }

  /**
   * Adds the averaged results to the sums over the loop's steps, in doubles, keeps the scalars of the last step, and
   * writes rows to their places.
   */
  #tellResults(after: readonly Ref[]): Ref[] {
    const { variables } = this.#context
    const told: Ref[] = []
    const scalars: Ref[] = []
    for (const [index, { kind, place }] of variables.results.entries()) {
      const { node = 0 } = this.#program.results[index] ?? {}
      const value = this.#values.of(node)
      const { length: rank } = this.#program.node(node).shape
      if (kind === 'scalar') scalars.push(this.#scalar(value, rank))
      else if (kind === 'sum') told.push(this.#add(variables.sums[place], value, after))
      else told.push(this.#collect(variables.collected[place], value, after))
    }
    if (scalars.length === 0) return told
    const packed = this.#builder.pack('float', scalars)
    const { last, scalarSums } = variables
    return [...told, this.#add(scalarSums, packed, after), this.#builder.assign(last, packed, after)]
  }

  /** Writes the rows of the batch to their positions in the order of the pass. */
  #collect(variable: Variable | undefined, value: Ref, after: readonly Ref[]): Ref {
    invariant(variable, 'every result by rows has a variable')
    const inputs = [variable.name, this.#inputs.places(), value]
    return this.#builder.add('ResourceScatterUpdate', 'float', inputs, { after })
  }

  #add(sum: Variable | undefined, value: Ref, after: readonly Ref[]): Ref {
    invariant(sum, 'every result has a sum')
    const double = this.#builder.cast(value, 'float', 'double')
    return this.#builder.add('AssignAddVariableOp', 'double', [sum.name, double], { after })
  }

  #scalar(value: Ref, rank: number): Ref {
    if (rank === 0) return value
    const shape = this.#builder.constant([], 'int32', [0])
    return this.#builder.add('Reshape', 'float', [value, shape])
  }

  #update(guard: readonly Ref[]): Ref[] {
    const builder = this.#builder
    const { variables } = this.#context
    const fused = fusedUpdates(this.#program)
    const taken = new Set(fused.flatMap(({ states }) => states))
    const single = this.#program.updates.filter(({ name }) => !taken.has(name))
    // All values first: what reads a state is known when its update is added.
    const values = single.map(({ node }) => this.#values.of(node))
    const applied = fused.map((update) => ({ ...update, ...this.#fused(update) }))
    const readers = (variable: Variable): Ref[] => {
      const read = this.#inputs.readOf(variable)
      return read === undefined ? [] : [read, ...builder.readersOf(read, ['MatMul', 'BatchMatMulV2'])]
    }
    const writes = applied.map(({ states, op, operands, attributes = {}, weight }) => {
      const written = states.map((name) => variables.state(name))
      const after = [...guard, ...written.flatMap(readers)]
      const [first] = written
      if (first && weight !== undefined) after.push(builder.assign(first, weight, after))
      const handles = written.map((variable) => builder.handle(variable))
      return builder.add(op, 'float', [...handles, ...operands], { attributes, after })
    })
    const assigned = single.map(({ name }, index) => {
      const variable = variables.state(name)
      return builder.assign(variable, values[index] ?? '', [...guard, ...readers(variable)])
    })
    return [...writes, ...assigned]
  }

  /** A scalar, before it is broadcast. */
  #scalarOf(node: number): Ref {
    const { ref, shape } = this.#values.loose(node)
    invariant(shape.length === 0, `node ${node} is a scalar`)
    return ref
  }

  /** The op that makes an update, with its operands behind the variables. */
  #fused(update: FusedUpdate): FusedOp {
    const builder = this.#builder
    const gradient = this.#values.of(update.nodes.g)
    switch (update.kind) {
      case 'descent':
        return { op: 'ResourceApplyGradientDescent', operands: [this.#scalarOf(update.nodes.rate), gradient] }
      case 'momentum':
      case 'nesterov': {
        const { rate, momentum } = update.nodes
        const operands = [this.#scalarOf(rate), gradient, this.#scalarOf(momentum)]
        const attributes = { use_nesterov: { bool: update.kind === 'nesterov' } }
        return { op: 'ResourceApplyMomentum', operands, attributes }
      }
      case 'adam': {
        const { nodes, states } = update
        const program = this.#program
        const names = ['correction', 'stepSize', 'epsilon', 'beta1', 'beta2'] as const
        const scalars = names.map((name) => this.#scalarOf(nodes[name]))
        const [correction = '', stepSize = '', epsilon = '', beta1 = '', beta2 = ''] = scalars
        // (stepSize m) / (sqrt(v) c + e) = (stepSize / c) m / (sqrt(v) + e / c), and m, v are scaled.
        const root = Math.sqrt(slotScale(program, nodes.beta2, nodes.rest2))
        const scaled = (value: Ref, by: number): Ref => {
          const corrected = builder.add('RealDiv', 'float', [value, correction])
          return builder.add('Mul', 'float', [corrected, builder.constant(by, 'float')])
        }
        const rate = scaled(stepSize, root / slotScale(program, nodes.beta1, nodes.rest1))
        const small = scaled(epsilon, root)
        const isOwn = program.states.some(({ name, node }) => name === states[0] && node === nodes.w)
        const weight = isOwn ? undefined : this.#values.of(nodes.w)
        // The rate includes the bias corrections already: powers of 0 leave it as it is.
        const zero = builder.constant(0, 'float')
        return { op: 'ResourceApplyAdam', operands: [zero, zero, rate, beta1, beta2, small, gradient], weight }
      }
    }
  }
}

/** An op that updates variables in place. */
interface FusedOp {
  readonly op: TensorFlowOp
  readonly operands: readonly Ref[]
  readonly attributes?: Attributes
  /** What the first variable is set to before. */
  readonly weight?: Ref | undefined
}
