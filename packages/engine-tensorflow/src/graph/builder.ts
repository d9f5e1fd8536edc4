/** Builds the nodes of a graph, or of a function of the graph, one after the other. */
import { type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { Attributes, Endpoint, NodeDefinition } from './messages.js'
import { OPS, type TensorFlowOp } from './ops.js'
import type { TensorFlowType } from './types.js'

/** A tensor, as an input of a node names it: `node:0` in a graph, `node:output:0` in a function. */
export type Ref = string

/** A variable of the graph. A function is handed the resource by an argument of the same name. */
export interface Variable {
  readonly name: string
  readonly type: TensorFlowType
  readonly shape: Shape
}

type ConstantType = keyof typeof ARRAYS

const ARRAYS = {
  float: (values: readonly number[]): Float32Array => Float32Array.from(values),
  double: (values: readonly number[]): Float64Array => Float64Array.from(values),
  int32: (values: readonly number[]): Int32Array => Int32Array.from(values),
  uint8: (values: readonly number[]): Uint8Array => Uint8Array.from(values),
  uint32: (values: readonly number[]): Uint32Array => Uint32Array.from(values),
} as const

/** Ops whose nodes are shared if they are equal. */
const PURE: ReadonlySet<TensorFlowOp> = new Set(['RealDiv', 'Mul', 'Sqrt'])

export interface NodeOptions {
  /** Besides the type and those in ops.ts. */
  readonly attributes?: Attributes
  /** Nodes or tensors that must be computed before the node runs: control inputs. */
  readonly after?: readonly Ref[]
  readonly name?: string
}

export class GraphBuilder {
  readonly nodes: NodeDefinition[] = []
  readonly #kind: 'graph' | 'function'
  /** Constants and scalar arithmetic by what they compute. */
  readonly #shared = new Map<string, Ref>()

  constructor(kind: 'graph' | 'function') {
    this.#kind = kind
  }

  /**
   * Adds a node, unless an equal one of scalar arithmetic exists.
   *
   * @param type of the operands, or of what the op makes; undefined for an op without
   * @returns its output that the table names
   */
  add(op: TensorFlowOp, type: TensorFlowType | undefined, inputs: readonly Ref[], options: NodeOptions = {}): Ref {
    const { output = '', place = 0, type: typeName = 'T', fixed } = OPS[op]
    const { after = [], name = `${op}_${this.nodes.length}` } = options
    const attributes: Attributes = { ...(type && { [typeName]: { type } }), ...fixed, ...options.attributes }
    const make = (): Ref => {
      const controls = [...new Set(after.map(nodeOf))].map((node) => `^${node}`)
      this.nodes.push({ name, op, inputs: [...inputs, ...controls], attributes })
      return this.#kind === 'graph' ? `${name}:${place}` : `${name}:${output}:0`
    }
    const isPure = PURE.has(op) && after.length === 0 && options.name === undefined
    return isPure ? this.#once(JSON.stringify([op, inputs, attributes]), make) : make()
  }

  /** An input of the graph. */
  placeholder(name: string, type: TensorFlowType, shape: Shape): Endpoint {
    const attributes = { shape: { shape } }
    return { tensor: this.add('Placeholder', type, [], { name, attributes }), type, shape }
  }

  cast(ref: Ref, from: TensorFlowType, to: TensorFlowType): Ref {
    return this.add('Cast', to, [ref], { attributes: { SrcT: { type: from } } })
  }

  /** Stacks tensors of one type and shape along a new first axis. */
  pack(type: TensorFlowType, rows: readonly Ref[]): Ref {
    return this.add('Pack', type, rows, { attributes: { N: { int: rows.length } } })
  }

  /** Rows of a table by their numbers, all of which must be in range. */
  gatherRows(type: TensorFlowType, table: Ref, indices: Ref): Ref {
    return this.add('GatherV2', type, [table, indices, this.constant(0, 'int32')])
  }

  /** The resource of a variable. */
  handle({ name }: Variable): Ref {
    return this.#kind === 'graph' ? `${name}:0` : name
  }

  read(variable: Variable, after: readonly Ref[] = []): Ref {
    return this.add('ReadVariableOp', variable.type, [this.handle(variable)], { after })
  }

  assign(variable: Variable, value: Ref, after: readonly Ref[] = []): Ref {
    return this.add('AssignVariableOp', variable.type, [this.handle(variable), value], { after })
  }

  /** The nodes of these ops that read a tensor so far. */
  readersOf(tensor: Ref, ops: readonly string[]): readonly string[] {
    return this.nodes.filter(({ op, inputs }) => ops.includes(op) && inputs.includes(tensor)).map(({ name }) => name)
  }

  /** A constant of many floats. */
  floats(values: Float32Array, shape: Shape): Ref {
    return this.#const('float', shape, new Uint8Array(values.slice().buffer))
  }

  /** A constant; equal ones share a node. A single number fills the shape. */
  constant(
    values: number | readonly number[],
    type: ConstantType,
    shape: Shape = typeof values === 'number' ? [] : [values.length],
  ): Ref {
    const all = typeof values === 'number' ? new Array<number>(sizeOf(shape)).fill(values) : values
    // JSON has neither -0 nor NaN.
    const texts = all.map((value) => (Object.is(value, -0) ? '-0' : String(value)))
    const make = () => this.#const(type, shape, new Uint8Array(ARRAYS[type](all).buffer))
    return this.#once(JSON.stringify([type, shape, texts]), make)
  }

  #once(key: string, make: () => Ref): Ref {
    const ref = this.#shared.get(key) ?? make()
    this.#shared.set(key, ref)
    return ref
  }

  #const(type: ConstantType, shape: Shape, content: Uint8Array): Ref {
    const attributes = { value: { tensor: { type, shape, content } } }
    return this.add('Const', type, [], { attributes })
  }
}

/** The name of the node that makes a tensor. */
function nodeOf(ref: Ref): string {
  return ref.split(':', 1).join('')
}
