/**
 * A step of a Program as the body of a loop: gathers the batch's rows, computes results and updates, and leaves them in
 * variables.
 *
 * The next step waits for all of that, so steps do not overlap. Every variable is read after the step has begun and
 * written after it was read; and after the matrix products of it, which lets TensorFlow write in place. Other ops TensorFlow
 * may move past one another, with what waits for them.
 */
import { invariant, sizeOf, type Program } from '@gradpool/core'
import { GraphBuilder, typed, type Ref } from '../graph/builder.js'
import type { FunctionDefinition } from '../graph/messages.js'
import { TYPE_OF } from '../graph/types.js'
import { fusedUpdates, type FusedUpdate } from './fused.js'
import { gatherRows } from './ops.js'
import { Values } from './values.js'
import type { Variable, Variables } from './variables.js'

/** The values of a field in a file that is mapped into memory. */
export interface FieldFile {
  readonly path: string
  readonly numRows: number
}

export interface StepContext {
  readonly name: string
  /** Whether this is the shorter last batch of an epoch. */
  readonly isTail: boolean
  readonly stepsPerEpoch: number
  readonly seed: number
  readonly variables: Variables
  readonly field: (name: string) => FieldFile
}

/** What `CheckNumerics` says of a loss; tells that failure from any other. */
export const NOT_FINITE = 'The loss is not a finite number'

/** The body: (step, variables) → (step + 1, variables). */
export function lowerStep(program: Program, context: StepContext): FunctionDefinition {
  return new StepBuilder(program, context).build()
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
  readonly #reads = new Map<string, Ref>()
  #indices: Ref | undefined

  constructor(program: Program, context: StepContext) {
    this.#program = program
    this.#context = context
    this.#values = new Values(program, this.#builder, (node) => this.#input(node))
  }

  build(): FunctionDefinition {
    const { name, variables } = this.#context
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

  #input(node: number): Ref {
    const input = this.#program.inputs.find((candidate) => candidate.node === node)
    invariant(input, `node ${node} is an input`)
    switch (input.role) {
      case 'step':
        return 'step'
      case 'seed':
        return this.#builder.constant(this.#context.seed | 0, 'int32')
      case 'state':
        return this.#read(this.#context.variables.state(input.name))
      case 'batch':
        return this.#batch(input.name, node)
    }
  }

  #read(variable: Variable): Ref {
    const known = this.#reads.get(variable.name)
    const ref = known ?? readVariable(this.#builder, variable, variable.name, ['step'])
    this.#reads.set(variable.name, ref)
    return ref
  }

  #batch(name: string, node: number): Ref {
    const { shape, dtype } = this.#program.node(node)
    const { path, numRows } = this.#context.field(name)
    const type = TYPE_OF[dtype]
    const table = this.#builder.add('ImmutableConst', [], {
      attributes: {
        dtype: { type },
        shape: { shape: [numRows, ...shape.slice(1)] },
        memory_region_name: { text: path },
      },
    })
    return gatherRows(this.#builder, table, this.#rows(), type)
  }

  /** The numbers of the batch's rows: of the full batches of an epoch, one; or those of the shorter last. */
  #rows(): Ref {
    if (this.#indices !== undefined) return this.#indices
    const { isTail, stepsPerEpoch, variables } = this.#context
    this.#indices = this.#read(isTail ? variables.tailRows : variables.rows)
    if (isTail) return this.#indices
    const numSteps = this.#builder.constant(stepsPerEpoch, 'int32')
    const batch = this.#builder.add('FloorMod', ['step', numSteps], { attributes: typed('int32') })
    this.#indices = gatherRows(this.#builder, this.#indices, batch, 'int32')
    return this.#indices
  }

  /** What all writes wait for: the loss, once it is known to be finite. */
  #guard(): Ref[] {
    const loss = this.#program.results.find(({ name }) => name === 'loss')
    if (loss === undefined) return []
    const attributes = { ...typed('float'), message: { text: NOT_FINITE } }
    return [this.#builder.add('CheckNumerics', [this.#values.of(loss.node)], { attributes })]
  }

  /** Adds up the results of the loop's steps, in doubles, and keeps those of the last step that are one number. */
  #tellResults(after: readonly Ref[]): Ref[] {
    const { variables } = this.#context
    const results = this.#program.results.map(({ node }) => ({
      value: this.#values.of(node),
      shape: this.#program.node(node).shape,
    }))
    const scalars = results.filter(({ shape }) => sizeOf(shape) === 1)
    const others = results.filter(({ shape }) => sizeOf(shape) !== 1)
    const told = others.map(({ value }, index) => this.#add(variables.sums[index], value, after))
    if (scalars.length === 0) return told
    const refs = scalars.map(({ value, shape }) => this.#scalar(value, shape.length))
    const packed = this.#builder.add('Pack', refs, {
      attributes: { N: { int: refs.length }, ...typed('float'), axis: { int: 0 } },
    })
    const { last, scalarSums } = variables
    return [
      ...told,
      this.#add(scalarSums, packed, after),
      assign(this.#builder, last, packed, after),
    ]
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
      const read = this.#reads.get(variable.name)
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
        // (stepSize m) / (sqrt(v) c + e) = (stepSize / c) m / (sqrt(v) + e / c), and m, v are scaled.
        const root = Math.sqrt(slotScale.v)
        const rate = calculate(
          'Mul',
          calculate('RealDiv', stepSize, correction),
          float(root / slotScale.m),
        )
        const small = calculate('Mul', calculate('RealDiv', epsilon, correction), float(root))
        const isOwn = this.#program.inputs.some(
          ({ role, name, node }) =>
            role === 'state' && name === update.state && node === update.weight,
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

/** Reads a variable. @param handle its resource */
export function readVariable(
  builder: GraphBuilder,
  { type }: Variable,
  handle: Ref,
  after: readonly Ref[],
): Ref {
  return builder.add('ReadVariableOp', [handle], { attributes: { dtype: { type } }, after })
}

function assign(
  builder: GraphBuilder,
  { name, type }: Variable,
  value: Ref,
  after: readonly Ref[],
): Ref {
  return builder.add('AssignVariableOp', [name, value], { attributes: { dtype: { type } }, after })
}
