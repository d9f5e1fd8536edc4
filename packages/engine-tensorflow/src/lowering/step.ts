/**
 * A step of a Program as the body of a loop: gathers the batch's rows, computes results and
 * updates, and leaves them in variables.
 *
 * The next step waits for all of that, so steps do not overlap. Every variable is read after the
 * step has begun and written after it was read; and after the matrix products of it, which lets
 * TensorFlow write in place. Other ops TensorFlow may move past one another, with what waits for
 * them.
 */
import { invariant, type Program } from '@gradpool/core'
import { GraphBuilder, typed, type Ref } from '../graph/builder.js'
import type { FunctionDefinition } from '../graph/messages.js'
import { fusedUpdates, type FusedUpdate } from './fused.js'
import { readVariable, StepInputs, type StepContext } from './step-inputs.js'
import { Values } from './values.js'
import type { Variable, Variables } from './variables.js'

/** What `CheckNumerics` says of a loss; tells that failure from any other. */
export const NOT_FINITE = 'The loss is not a finite number'

/** The body: (step, variables) → (step + 1, variables). */
export function lowerStep(
  name: string,
  program: Program,
  context: StepContext,
): FunctionDefinition {
  return new StepBuilder(program, context).build(name)
}

/** The condition of the loop: (step, variables) → whether the step is below the limit. */
export function loopCondition(name: string, variables: Variables): FunctionDefinition {
  const builder = new GraphBuilder('function')
  const limit = readVariable(builder, variables.limit, variables.limit.name, ['step'])
  const goesOn = builder.add('Less', ['step', limit], { attributes: typed('int32') })
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
    const next = builder.add('AddV2', ['step', one], { attributes: typed('int32'), after })
    const counted = assign(builder, variables.step, next, [])
    const last = builder.add('Identity', [next], { attributes: typed('int32'), after: [counted] })
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
    const attributes = { ...typed('float'), message: { text: NOT_FINITE } }
    return [this.#builder.add('CheckNumerics', [this.#values.of(loss.node)], { attributes })]
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
    const packed = this.#builder.add('Pack', scalars, {
      attributes: { N: { int: scalars.length }, ...typed('float'), axis: { int: 0 } },
    })
    const { last, scalarSums } = variables
    return [
      ...told,
      this.#add(scalarSums, packed, after),
      assign(this.#builder, last, packed, after),
    ]
  }

  /** Puts the rows of the batch where they are in the order of the pass. */
  #collect(variable: Variable | undefined, value: Ref, after: readonly Ref[]): Ref {
    invariant(variable, 'every result by rows has a variable')
    return this.#builder.add(
      'ResourceScatterUpdate',
      [variable.name, this.#inputs.places(), value],
      {
        attributes: { dtype: { type: 'float' }, Tindices: { type: 'int32' } },
        after,
      },
    )
  }

  #add(sum: Variable | undefined, value: Ref, after: readonly Ref[]): Ref {
    invariant(sum, 'every result has a sum')
    const double = this.#builder.add('Cast', [value], {
      attributes: { SrcT: { type: 'float' }, DstT: { type: 'double' } },
    })
    return this.#builder.add('AssignAddVariableOp', [sum.name, double], {
      attributes: { dtype: { type: 'double' } },
      after,
    })
  }

  #scalar(value: Ref, rank: number): Ref {
    if (rank === 0) return value
    const shape = this.#builder.constant([], 'int32', [0])
    return this.#builder.add('Reshape', [value, shape], {
      attributes: { ...typed('float'), Tshape: { type: 'int32' } },
    })
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
      return read === undefined
        ? []
        : [read, ...this.#builder.readersOf(read, ['MatMul', 'BatchMatMulV2'])]
    }
    return [
      ...writes.map(({ write, written }) => write([...guard, ...written.flatMap(readers)])),
      ...single.map(({ name }, index) => {
        const variable = variables.state(name)
        return assign(this.#builder, variable, values[index] ?? '', [
          ...guard,
          ...readers(variable),
        ])
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
    const { variables } = this.#context
    const builder = this.#builder
    const variable = variables.state(update.state)
    const written = [variable, ...Object.values(update.slots).map((slot) => variables.state(slot))]
    const float = (value: number) => builder.constant(value, 'float')
    const calculate = (op: 'Mul' | 'RealDiv' | 'Sqrt', ...operands: Ref[]) =>
      builder.add(op, operands, { attributes: typed('float') })
    const gradient = this.#values.of(update.gradient)
    const add = (
      op: 'ResourceApplyAdam' | 'ResourceApplyMomentum' | 'ResourceApplyGradientDescent',
      operands: readonly Ref[],
      more: Record<string, { readonly bool: boolean }>,
    ) => ({
      written,
      write: (after: readonly Ref[]) =>
        builder.add(op, operands, { attributes: { ...typed('float'), ...more }, after }),
    })
    switch (update.kind) {
      case 'descent': {
        const rate = this.#scalarOf(update.learningRate)
        return add('ResourceApplyGradientDescent', [variable.name, rate, gradient], LOCK)
      }
      case 'momentum': {
        const rate = this.#scalarOf(update.learningRate)
        const momentum = this.#scalarOf(update.momentum)
        const accumulator = variables.state(update.slots.accumulator).name
        const operands = [variable.name, accumulator, rate, gradient, momentum]
        return add('ResourceApplyMomentum', operands, {
          ...LOCK,
          use_nesterov: { bool: update.nesterov },
        })
      }
      case 'adam': {
        const { slotScale } = update
        const [correction = '', stepSize = '', epsilon = '', beta1 = '', beta2 = ''] = [
          update.correction,
          update.stepSize,
          update.epsilon,
          update.beta1,
          update.beta2,
        ].map((node) => this.#scalarOf(node))
        // (stepSize m) / (sqrt(v) c + e) = (stepSize / c) m / (sqrt(v) + e / c), and m, v are
        // scaled.
        const root = Math.sqrt(slotScale.v)
        const rate = calculate(
          'Mul',
          calculate('RealDiv', stepSize, correction),
          float(root / slotScale.m),
        )
        const small = calculate('Mul', calculate('RealDiv', epsilon, correction), float(root))
        const isOwn = this.#program.states.some(
          ({ name, node }) => name === update.state && node === update.weight,
        )
        const weight = isOwn ? undefined : this.#values.of(update.weight)
        const { m, v } = update.slots
        const handles = [variable.name, variables.state(m).name, variables.state(v).name]
        // The corrections are in the rate already: powers of 0 leave it alone.
        const scalars = [float(0), float(0), rate, beta1, beta2, small]
        const apply = add('ResourceApplyAdam', [...handles, ...scalars, gradient], {
          ...LOCK,
          use_nesterov: { bool: false },
        })
        if (weight === undefined) return apply
        return {
          written,
          write: (after: readonly Ref[]) =>
            apply.write([...after, assign(builder, variable, weight, after)]),
        }
      }
    }
  }
}

const LOCK = { use_locking: { bool: false } } as const

function assign(
  builder: GraphBuilder,
  { name, type }: Variable,
  value: Ref,
  after: readonly Ref[],
): Ref {
  return builder.add('AssignVariableOp', [name, value], { attributes: { dtype: { type } }, after })
}
