/**
 * A Program: an SSA graph of primitive ops with static shapes, the one form in which a model is differentiated, hashed,
 * sent to a worker and compiled.
 *
 * Node `i` may refer only to nodes before it, so the array is a topological order. Programs are plain JSON.
 */
import { createHash } from 'node:crypto'
import type { DType, Shape } from './dtype.js'
import type { Initializer } from '../random/initializers.js'
import type { OpName } from './op-table.js'
import { parseProgram } from './parse-program.js'
import { programText } from './program-text.js'

export type Attribute = number | string | boolean | readonly number[]
export type Attributes = Readonly<Record<string, Attribute>>

export interface Node {
  readonly op: OpName
  /** Indices of the nodes whose values this op reads. */
  readonly inputs: readonly number[]
  readonly attributes: Attributes
  readonly shape: Shape
  readonly dtype: DType
}

/**
 * What an `input` node stands for:
 * - `state`: a value that lives from step to step (weights, optimizer slots); `initializer` gives its first value;
 * - `batch`: rows of the dataset field of that name, `[batch, ...field shape]`;
 * - `step`: the number of the step, i32 scalar, from 0;
 * - `seed`: the seed of the run, i32 scalar.
 */
export type Input =
  | {
      readonly role: 'state'
      readonly name: string
      readonly node: number
      readonly initializer: Initializer
    }
  | { readonly role: 'batch'; readonly name: string; readonly node: number }
  | { readonly role: 'step' | 'seed'; readonly name: 'step' | 'seed'; readonly node: number }

/** A named node: the next value of a state. */
export interface Output {
  readonly name: string
  readonly node: number
}

/** A named node that the step gives: a loss, a metric, a prediction. */
export interface Result extends Output {
  /** Its first axis is the batch, and its value is collected for every example; otherwise it is averaged over the examples. */
  readonly rows?: true
}

export interface ProgramData {
  readonly nodes: readonly Node[]
  readonly inputs: readonly Input[]
  /** The next value of a state, by the state's name; a state that is not named keeps its value. */
  readonly updates: readonly Output[]
  /** What the step tells: by convention `loss` first, then metrics. */
  readonly results: readonly Result[]
}

export class Program implements ProgramData {
  readonly nodes: readonly Node[]
  readonly inputs: readonly Input[]
  readonly updates: readonly Output[]
  readonly results: readonly Result[]

  constructor(data: ProgramData) {
    this.nodes = data.nodes
    this.inputs = data.inputs
    this.updates = data.updates
    this.results = data.results
  }

  /** The node an input or output refers to. */
  node(index: number): Node {
    const node = this.nodes[index]
    if (!node)
      throw new RangeError(`this Program has ${this.nodes.length} nodes, there is no node ${index}`)
    return node
  }

  /**
   * The Program that parsed JSON holds.
   *
   * @throws UserError that names what is wrong: an unknown op, a node that reads a later one, a type that does not follow
   */
  static fromJSON(data: unknown): Program {
    return new Program(parseProgram(data))
  }

  toJSON(): ProgramData {
    const { nodes, inputs, updates, results } = this
    return { nodes, inputs, updates, results }
  }

  /** SHA-256 of the Program's JSON, in hexadecimal: equal for equal computations written in the same order. */
  get hash(): string {
    return createHash('sha256').update(JSON.stringify(this, withSortedKeys)).digest('hex')
  }

  /**
   * The Program as text, one line a node:
   *
   *     %3 = matmul(%0, %1) {transposeB: true} : f32[10, 64]
   */
  toString(): string {
    return programText(this)
  }
}

/** For JSON.stringify: the order in which an object's keys were written does not matter. */
function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
