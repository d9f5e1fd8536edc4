/**
 * A Program: an SSA graph of primitive ops with static shapes, the one form in which a model is
 * differentiated, hashed, sent to a worker and compiled.
 *
 * Node `i` may refer only to nodes before it, so the array is a topological order. Programs are
 * plain JSON.
 */
import { createSha256 } from '../platform/sha256.js'
import type { FirstValue } from '../random/initializers.js'
import type { Shape, TensorType } from './dtype.js'
import type { Node } from './node.js'
import { parseProgram } from './parse-program.js'
import type { Input, Output, ProgramData, Result } from './program-data.js'
import { programText } from './program-text.js'

/** A value that lives from step to step, f32. */
export interface State {
  readonly name: string
  readonly node: number
  readonly shape: Shape
  readonly initializer: FirstValue
}

/** A field of the dataset as a step reads it: the batch is the first axis. */
export interface BatchField extends TensorType {
  readonly name: string
  readonly node: number
}

export class Program implements ProgramData {
  readonly nodes: readonly Node[]
  readonly inputs: readonly Input[]
  readonly updates: readonly Output[]
  readonly results: readonly Result[]
  #hash: string | undefined

  constructor(data: ProgramData) {
    this.nodes = data.nodes
    this.inputs = data.inputs
    this.updates = data.updates
    this.results = data.results
  }

  /** The node an input or output refers to. */
  node(index: number): Node {
    const node = this.nodes[index]
    if (!node) throw new RangeError(`this Program has ${this.nodes.length} nodes, there is no node ${index}`)
    return node
  }

  get states(): readonly State[] {
    return this.inputs.flatMap((input) => {
      if (input.role !== 'state') return []
      const { name, node, initializer } = input
      return [{ name, node, shape: this.node(node).shape, initializer }]
    })
  }

  /** The fields that the step reads. */
  get fields(): readonly BatchField[] {
    return this.inputs.flatMap(({ role, name, node }) => {
      if (role !== 'batch') return []
      const { shape, dtype } = this.node(node)
      return [{ name, node, shape, dtype }]
    })
  }

  /** The node of a result, if there is one of that name. */
  result(name: string): Node | undefined {
    const result = this.results.find((each) => each.name === name)
    return result && this.node(result.node)
  }

  /**
   * The Program that parsed JSON holds.
   *
   * @throws UserError that names what is wrong: an unknown op, a node that reads a later one, a
   *   type that does not follow
   */
  static fromJSON(data: unknown): Program {
    return new Program(parseProgram(data))
  }

  toJSON(): ProgramData {
    const { nodes, inputs, updates, results } = this
    return { nodes, inputs, updates, results }
  }

  /**
   * SHA-256 of the Program's JSON, in hexadecimal: equal for equal computations written in the same
   * order.
   */
  get hash(): string {
    return (this.#hash ??= createSha256().update(JSON.stringify(this, withSortedKeys)).digest())
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
