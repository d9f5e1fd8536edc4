/**
 * A step of a Program as the body of a loop: gathers the batch's rows, computes results and
 * updates, and leaves them in variables.
 *
 * The next step waits for all of that, so steps do not overlap. Every variable is read after the
 * step has begun and written after it was read; and after the matrix products of it, which lets
 * TensorFlow write in place. Other ops TensorFlow may move past one another, with what waits for
 * them.
 */
import { invariant, type Program } from '@gradpool/core/engine'
import { GraphBuilder, type Ref } from '../graph/builder.js'
import type { Attributes, FunctionDefinition } from '../graph/messages.js'
import type { TensorFlowOp } from '../graph/ops.js'
import { fusedUpdates, slotScale, type FusedUpdate } from './fused.js'
import { StepInputs, type StepContext } from './step-inputs.js'
import { Values } from './values.js'
import type { Variable, Variables } from './variables.js'

/** What `CheckNumerics` says of a loss; tells that failure from any other. */
export const NOT_FINITE = 'The loss is not a finite number'

/** The body: (step, variables) → (step + 1, variables). */
export function lowerStep(name: string, program: Program, context: StepContext): FunctionDefinition {
  return new StepBuilder(program, context).build(name)
}

/** The condition of the loop: (step, variables) → whether the step is below the limit. */
export function loopCondition(name: string, variables: Variables): FunctionDefinition {
  const builder = new GraphBuilder('function')
  const limit = builder.read('int32', variables.limit.name, ['step'])
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
    const given = { step: 'step', handle: ({ name }: Variable) => name }
    this.#inputs = new StepInputs(program, this.#builder, context, given)
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
    const counted = builder.assign('int32', variables.step.name, next)
    const last = builder.add('Identity', 'int32', [next], { after: [counted] })
    const inputs = argumentsOf(variables)
    const outputs = inputs.map((argument) => ({
      ...argument,
      name: `${argument.name}_next`,
      value: argument.name === 'step' ? last : argument.name,
    }))
    return { name, inputs, outputs, nodes: builder.nodes }
  }

  /** What all writes wait for: the loss, once it is known to be finite. */
  #guard(): Ref[] {
    const loss = this.#program.results.find(({ name }) => name === 'loss')
    if (loss === undefined) return []
    const attributes = { message: { text: NOT_FINITE } }
    const value = this.#values.of(loss.node)
    return [this.#builder.add('CheckNumerics', 'float', [value], { attributes })]
  }

  /**
   * Adds up the averaged results of the loop's steps, in doubles, keeps those of the last step that
   * are one number, and puts rows in their places.
   */
  #tellResults(after: readonly Ref[]): Ref[] {
    const { variables } = this.#context
    const told: Ref[] = []
    const scalars: Ref[] = []
    for (const [index, { kind, place }] of this.#context.results.entries()) {
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
    return [...told, this.#add(scalarSums, packed, after), this.#builder.assign('float', last.name, packed, after)]
  }

  /** Puts the rows of the batch where they are in the order of the pass. */
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
    const fused = fusedUpdates(this.#program)
    const taken = new Set(fused.flatMap(({ state, slots }) => [state, ...Object.values(slots)]))
    const single = this.#program.updates.filter(({ name }) => !taken.has(name))
    // All values first: what reads a state is known when its update is made.
    const values = single.map(({ node }) => this.#values.of(node))
    const writes = fused.map((update) => this.#fused(update))
    const { variables } = this.#context
    const readers = (variable: Variable): Ref[] => {
      const read = this.#inputs.readOf(variable)
      return read === undefined ? [] : [read, ...this.#builder.readersOf(read, ['MatMul', 'BatchMatMulV2'])]
    }
    return [
      ...writes.map(({ written, write }) => write([...guard, ...written.flatMap(readers)])),
      ...single.map(({ name }, index) => {
        const variable = variables.state(name)
        const after = [...guard, ...readers(variable)]
        return this.#builder.assign('float', variable.name, values[index] ?? '', after)
      }),
    ]
  }

  /** A value of one number, before it is broadcast. */
  #scalarOf(node: number): Ref {
    const { ref, shape } = this.#values.loose(node)
    invariant(shape.length === 0, `node ${node} is a scalar`)
    return ref
  }

  /** Makes the operands of an op, and what adds the op. */
  #fused(update: FusedUpdate) {
    const builder = this.#builder
    const written = [update.state, ...Object.values<string>(update.slots)].map((name) =>
      this.#context.variables.state(name),
    )
    const [variable = '', ...slots] = written.map(({ name }) => name)
    const gradient = this.#values.of(update.nodes.g)
    const write =
      (op: TensorFlowOp, operands: readonly Ref[], attributes: Attributes = {}) =>
      (after: readonly Ref[]): Ref =>
        builder.add(op, 'float', [variable, ...slots, ...operands], { attributes, after })
    switch (update.kind) {
      case 'descent': {
        const rate = this.#scalarOf(update.nodes.rate)
        return { written, write: write('ResourceApplyGradientDescent', [rate, gradient]) }
      }
      case 'momentum':
      case 'nesterov': {
        const operands = [this.#scalarOf(update.nodes.rate), gradient]
        operands.push(this.#scalarOf(update.nodes.momentum))
        const attributes = { use_nesterov: { bool: update.kind === 'nesterov' } }
        return { written, write: write('ResourceApplyMomentum', operands, attributes) }
      }
      case 'adam': {
        const { nodes, state } = update
        const program = this.#program
        const [correction = '', stepSize = '', epsilon = '', beta1 = '', beta2 = ''] = [
          nodes.correction,
          nodes.stepSize,
          nodes.epsilon,
          nodes.beta1,
          nodes.beta2,
        ].map((node) => this.#scalarOf(node))
        // (stepSize m) / (sqrt(v) c + e) = (stepSize / c) m / (sqrt(v) + e / c), and m, v are
        // scaled.
        const root = Math.sqrt(slotScale(program, nodes.beta2, nodes.rest2))
        const scaled = (value: Ref, by: number): Ref => {
          const corrected = builder.add('RealDiv', 'float', [value, correction])
          return builder.add('Mul', 'float', [corrected, builder.constant(by, 'float')])
        }
        const rate = scaled(stepSize, root / slotScale(program, nodes.beta1, nodes.rest1))
        const small = scaled(epsilon, root)
        const isOwn = program.states.some(({ name, node }) => name === state && node === nodes.w)
        const weight = isOwn ? undefined : this.#values.of(nodes.w)
        // The corrections are in the rate already: powers of 0 leave it alone.
        const zero = builder.constant(0, 'float')
        const apply = write('ResourceApplyAdam', [zero, zero, rate, beta1, beta2, small, gradient])
        if (weight === undefined) return { written, write: apply }
        return {
          written,
          write: (after: readonly Ref[]) => apply([...after, builder.assign('float', variable, weight, after)]),
        }
      }
    }
  }
}
