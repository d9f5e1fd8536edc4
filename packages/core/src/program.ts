/**
 * A Program: an SSA graph of primitive ops with static shapes, the one form in which a model is differentiated, hashed,
 * sent to a worker and compiled.
 *
 * Node `i` may refer only to nodes before it, so the array is a topological order. Programs are plain JSON.
 */
import { createHash } from 'node:crypto'
import type { DType, Shape } from './dtype.js'
import type { Initializer } from './initializers.js'
import type { OpName } from './op-table.js'

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
  | { readonly role: 'state'; readonly name: string; readonly node: number; readonly initializer: Initializer }
  | { readonly role: 'batch'; readonly name: string; readonly node: number }
  | { readonly role: 'step' | 'seed'; readonly name: 'step' | 'seed'; readonly node: number }

/** A named node: the next value of a state, or a result (loss, metric, prediction) of the step. */
export interface Output {
  readonly name: string
  readonly node: number
}

export interface ProgramData {
  readonly nodes: readonly Node[]
  readonly inputs: readonly Input[]
  /** The next value of a state, by the state's name; a state that is not named keeps its value. */
  readonly updates: readonly Output[]
  /** What the step tells: by convention `loss` first, then metrics. */
  readonly results: readonly Output[]
}

export class Program implements ProgramData {
  readonly nodes: readonly Node[]
  readonly inputs: readonly Input[]
  readonly updates: readonly Output[]
  readonly results: readonly Output[]

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

  toJSON(): ProgramData {
    const { nodes, inputs, updates, results } = this
    return { nodes, inputs, updates, results }
  }

  /** SHA-256 of the Program's JSON, in hexadecimal: equal for equal computations written in the same order. */
  get hash(): string {
    return createHash('sha256').update(JSON.stringify(this)).digest('hex')
  }

  /**
   * The Program as text, one line a node:
   *
   *     %3 = matmul(%0, %1) {transposeB: true} : f32[10, 64]
   */
  toString(): string {
    const roles = new Map(this.inputs.map((input) => [input.node, `${input.role} ${input.name}`]))
    const lines = this.nodes.map((node, index) => {
      const role = roles.get(index)
      const operands = role ?? node.inputs.map((input) => `%${input}`).join(', ')
      const attributes = Object.entries(node.attributes).map(([key, value]) => `${key}: ${attributeText(value)}`)
      const braces = attributes.length > 0 ? ` {${attributes.join(', ')}}` : ''
      return `%${index} = ${node.op}(${operands})${braces} : ${node.dtype}[${node.shape.join(', ')}]`
    })
    for (const { name, node } of this.updates) lines.push(`update ${name} = %${node}`)
    for (const { name, node } of this.results) lines.push(`result ${name} = %${node}`)
    return lines.join('\n')
  }
}

function attributeText(value: Attribute): string {
  if (typeof value !== 'object') return String(value)
  return value.length > 8 ? `[${value.slice(0, 8).join(', ')}, … ${value.length}]` : `[${value.join(', ')}]`
}
