/**
 * Tracing: user code runs once, with symbolic tensors, and leaves a Program.
 *
 * Nodes with the same op, operands and attributes are one node (known-nodes.ts), so a subexpression
 * that is written twice is computed once. Identities such as x * 1 = x leave no node (simplify.ts). What no update
 * or result needs is dropped at the end. The order of nodes is the order in which user code made
 * them; nothing else (no clock, no random number, no object identity) has a say in it.
 */
import { ShapeError, UserError } from '../errors.js'
import { type DType, type Shape, sameShape, type TensorType, typeText } from '../program/dtype.js'
import { beginningOf, nameProblem } from '../program/limits.js'
import { type Node, nodeLike } from '../program/node.js'
import type { Program } from '../program/program.js'
import type { Input, Output, Result } from '../program/program-data.js'
import { liveNodes, prune } from '../program/rewrite.js'
import { inferNode, type NodeDraft } from '../program/shape-inference.js'
import type { FirstValue } from '../random/initializers.js'
import { purposeOf, SHUFFLE_PURPOSE } from '../random/random.js'
import { otherCopy, traceBegins, traceEnds } from './copies.js'
import { KnownNodes } from './known-nodes.js'
import type { NodeRequest } from './node-request.js'
import { keepLines, recordsLines } from './recorded-lines.js'
import { simplify } from './simplify.js'
import { Tensor, type TensorLike } from './tensor.js'
import { userLine, withLine } from './user-line.js'

const NO_ATTRIBUTES = {}
const SCALAR: Shape = []

/** The traces in progress, innermost last: a model function may itself trace another Program. */
const traces: Trace[] = []

/**
 * Runs `build` once and returns the Program that it described.
 *
 * @param build called at once, with the trace; makes states, batch fields, updates and results
 * @throws ShapeError from an op whose operands do not fit
 * @throws UserError for a name used twice, an unknown state, a result that is not a number
 */
export function traceProgram(build: (trace: Trace) => void): Program {
  const run: (trace: Trace) => unknown = build
  const trace = new Trace()
  traces.push(trace)
  traceBegins()
  try {
    const outcome = run(trace)
    if (outcome instanceof Promise) throw userError('a model is traced at once: it cannot be async')
    return trace.finish()
  } finally {
    traceEnds()
    traces.pop()
  }
}

/** The trace in progress. @throws UserError outside of `traceProgram` */
export function currentTrace(): Trace {
  const trace = traces.at(-1)
  if (!trace) throw userError(otherCopy() ?? 'tensors exist only while a model is traced: see traceProgram')
  return trace
}

/** A ShapeError of an op that ends with the user's line. */
export function shapeError(message: string): ShapeError {
  return new ShapeError(withLine(message))
}

/** A UserError that ends with the user's line. */
export function userError(message: string): UserError {
  return new UserError(withLine(message))
}

/** @internal A stretch of nodes, from `first` to before `end`, whose values gradients compute again. */
export interface Checkpoint {
  readonly first: number
  readonly end: number
}

export class Trace {
  readonly #nodes: Node[] = []
  readonly #tensors: Tensor[] = []
  /** Of the user's code, by node, where they are recorded. */
  readonly #lines: (string | undefined)[] | undefined = recordsLines() ? [] : undefined
  /** Of the nodes, those that others may be. */
  readonly #known = new KnownNodes(this.#nodes)
  readonly #inputs = new Map<string, Input>()
  readonly #updates = new Map<string, Output>()
  readonly #results = new Map<string, Result>()
  /** Who owns a stream of random numbers, by the hash of its purpose. */
  readonly #purposes = new Map([[SHUFFLE_PURPOSE, 'shuffle']])

  /** A value that lives from step to step, f32. @throws UserError where the name is taken */
  state(name: string, shape: Shape, initializer: FirstValue): Tensor {
    checkName('state', name)
    if (this.#inputs.has(`state ${name}`)) throw userError(`there are two states named "${name}"`)
    if (initializer.kind === 'normal' || initializer.kind === 'uniform') this.claimPurpose(name)
    const tensor = this.#input(`state "${name}"`, shape, 'f32')
    this.#inputs.set(`state ${name}`, { role: 'state', name, node: tensor.node, initializer })
    return tensor
  }

  /**
   * The rows of a dataset field that this step sees, `[batch, ...field shape]`. Asked for twice, it
   * is the same tensor.
   *
   * @throws ShapeError where the same field was asked for with another shape or dtype
   */
  batch(name: string, dtype: DType, shape: Shape): Tensor {
    checkName('batch field', name)
    const known = this.#knownInput(`batch ${name}`)
    if (known) {
      if (known.dtype === dtype && sameShape(known.shape, shape)) return known
      const asked = typeText({ dtype, shape })
      throw shapeError(`batch field "${name}" is ${known.toString()} and cannot be ${asked} as well`)
    }
    const tensor = this.#input(`batch field "${name}"`, shape, dtype)
    this.#inputs.set(`batch ${name}`, { role: 'batch', name, node: tensor.node })
    return tensor
  }

  /** The number of the step, from 0; i32[]. */
  step(): Tensor {
    return this.#scalarInput('step')
  }

  /** The seed of the run; i32[]. */
  seed(): Tensor {
    return this.#scalarInput('seed')
  }

  /**
   * Gives a state its next value. @throws UserError for an unknown state or a second update,
   * ShapeError for a misfit
   */
  update(name: string, value: TensorLike): void {
    const state = this.#knownInput(`state ${name}`)
    if (!state) throw userError(`there is no state named "${name}" to update`)
    if (this.#updates.has(name)) throw userError(`state "${name}" is updated twice`)
    const next = this.tensor(value)
    if (next.dtype !== 'f32' || !sameShape(next.shape, state.shape)) {
      throw shapeError(`update: state "${name}" is ${state.toString()}, its next value ${next.toString()}`)
    }
    this.#updates.set(name, { name, node: next.node })
  }

  /**
   * Names a value that the step tells: `loss` first, then metrics. Integers are told as f32.
   *
   * @param options with `rows`, the first axis is the batch, and the values of all examples are
   *   collected, not averaged
   * @throws UserError where the name is taken, or there are no rows
   */
  result(name: string, value: TensorLike, options: { readonly rows?: boolean } = {}): void {
    checkName('result', name)
    if (this.#results.has(name)) throw userError(`there are two results named "${name}"`)
    const tensor = this.tensor(value)
    const told =
      tensor.dtype === 'f32' ? tensor : this.node({ op: 'cast', inputs: [tensor], attributes: { dtype: 'f32' } })
    const { rows = false } = options
    if (rows && told.rank === 0) throw userError(`result "${name}" is one number: it has no rows`)
    this.#results.set(name, { name, node: told.node, ...(rows && { rows }) })
  }

  /**
   * @internal A tensor of this trace; a number becomes an f32 scalar. @throws UserError for another
   *   trace's tensor
   */
  tensor(value: TensorLike): Tensor {
    if (typeof value === 'number') {
      return this.node({ op: 'constant', attributes: { values: constantValue(value) }, shape: [] })
    }
    if (!(value instanceof Tensor)) throw userError(`expected a tensor or a number, not ${String(value)}`)
    if (value.trace !== this) throw userError('a tensor of one Program is used in another')
    return value
  }

  /**
   * @internal A tensor that is computed so, its node made if there is none yet. @throws ShapeError
   *   with the user's line
   */
  node({ op, inputs = [], attributes = NO_ATTRIBUTES, shape, dtype = 'f32' }: NodeRequest): Tensor {
    const operands: Tensor[] = []
    const indices: number[] = []
    for (const input of inputs) {
      operands.push(this.tensor(input))
      indices.push(input.node)
    }
    const draft = { op, inputs: indices, attributes, shape: shape ? [...shape] : SCALAR, dtype }
    const node = this.#infer(draft, operands)
    const simpler = simplify(node, { trace: this, inputs: operands })
    if (simpler) return simpler
    const known = this.#known.findOrAdd(node)
    return known === undefined ? this.#append(node) : this.tensorAt(known)
  }

  /** @internal In order, and apart. */
  readonly checkpoints: Checkpoint[] = []

  /** @internal Makes nodes, all of which are of one checkpoint. */
  checkpointed<Made>(make: () => Made): Made {
    const first = this.#nodes.length
    const made = make()
    const end = this.#nodes.length
    // Those inside of it are a part of it.
    while ((this.checkpoints.at(-1)?.first ?? -1) >= first) this.checkpoints.pop()
    if (first < end) this.checkpoints.push({ first, end })
    return made
  }

  /** @internal A node once more, of other operands of the same types: it is none of those known. */
  again(index: number, inputs: readonly Tensor[]): Tensor {
    const known = this.describe(this.tensorAt(index))
    const operands = inputs.map((input) => input.node)
    return this.#append(nodeLike(known, operands, known), this.#lines?.[index])
  }

  /** @internal How a tensor is computed. */
  describe(tensor: Tensor): Node {
    const node = this.#nodes[this.tensor(tensor).node]
    if (!node) throw new RangeError(`a trace has no node ${tensor.node}`)
    return node
  }

  /** @internal The tensor of a node made so far. */
  tensorAt(index: number): Tensor {
    const tensor = this.#tensors[index]
    if (!tensor) throw new RangeError(`a trace has no node ${index}`)
    return tensor
  }

  /**
   * @internal The number of a stream of random numbers that nothing else in this Program draws
   *   from.
   *
   * @throws UserError where two names have the same 32-bit hash, which would make their numbers
   *   equal
   */
  claimPurpose(name: string): number {
    const purpose = purposeOf(name)
    const owner = this.#purposes.get(purpose)
    if (owner !== undefined) {
      const clash = owner === name ? `"${name}" is the name of two things` : `"${name}" and "${owner}" collide`
      throw userError(`${clash} that draw random numbers: rename one`)
    }
    this.#purposes.set(purpose, name)
    return purpose
  }

  /** @internal Whether something already draws random numbers under this name. */
  hasPurpose(name: string): boolean {
    return this.#purposes.get(purposeOf(name)) === name
  }

  /** @internal The Program of the nodes that its updates and results need; all states are kept. */
  finish(): Program {
    const data = {
      nodes: this.#nodes,
      inputs: [...this.#inputs.values()],
      updates: [...this.#updates.values()],
      results: [...this.#results.values()],
    }
    const program = prune(data, { keepStates: true })
    if (this.#lines !== undefined) {
      const live = liveNodes(data, { keepStates: true })
      keepLines(
        program,
        this.#lines.filter((_, node) => live[node]),
      )
    }
    return program
  }

  #infer(draft: NodeDraft, operands: readonly TensorType[], name?: string): Node {
    try {
      return inferNode(draft, operands, name)
    } catch (error) {
      if (error instanceof ShapeError) throw shapeError(error.message)
      throw error
    }
  }

  /** Inputs are never merged: each is a value of its own. */
  #input(name: string, shape: Shape, dtype: DType): Tensor {
    const draft = { op: 'input', inputs: [], attributes: {}, shape: [...shape], dtype } as const
    return this.#append(this.#infer(draft, [], name))
  }

  #append(node: Node, line?: string): Tensor {
    const tensor = new Tensor(this, this.#nodes.length, node.shape, node.dtype)
    this.#nodes.push(node)
    this.#lines?.push(line ?? userLine())
    this.#tensors.push(tensor)
    return tensor
  }

  #knownInput(key: string): Tensor | undefined {
    const input = this.#inputs.get(key)
    return input && this.tensorAt(input.node)
  }

  #scalarInput(role: 'step' | 'seed'): Tensor {
    const known = this.#knownInput(role)
    if (known) return known
    const tensor = this.#input(role, [], 'i32')
    this.#inputs.set(role, { role, name: role, node: tensor.node })
    return tensor
  }
}

function checkName(kind: string, name: string): void {
  const problem = nameProblem(name)
  if (problem !== undefined) throw userError(`${kind} "${beginningOf(name)}" ${problem}`)
}

/**
 * @internal A number as a Program keeps it: rounded to f32, finite (Programs are JSON), zero
 *   without a sign.
 */
export function constantValue(value: number): number {
  const rounded = Math.fround(value)
  if (!Number.isFinite(rounded)) {
    throw userError(`${value} cannot be a constant: only finite f32 numbers can`)
  }
  return rounded === 0 ? 0 : rounded
}
