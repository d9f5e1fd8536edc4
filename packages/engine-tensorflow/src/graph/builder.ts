/**
 * Builds the nodes of a graph or of a function of it, one after the other.
 */
import { type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { Attributes, Endpoint, NodeDefinition } from './messages.js'
import { FIXED, OUTPUT_NAMES, TYPE_NAMES, type TensorFlowOp } from './ops.js'
import type { TensorFlowType } from './types.js'

/** A tensor, as an input of a node names it: `node:0` in a graph, `node:output:0` in a function. */
export type Ref = string

/** Types that constants may have. */
export type ConstantType = keyof typeof ARRAYS

const ARRAYS = {
  float: (values: readonly number[]) => Float32Array.from(values),
  double: (values: readonly number[]) => Float64Array.from(values),
  int32: (values: readonly number[]) => Int32Array.from(values),
  uint8: (values: readonly number[]) => Uint8Array.from(values),
  uint32: (values: readonly number[]) => Uint32Array.from(values),
} as const

/** Ops that are made once for equal operands. */
const PURE: ReadonlySet<TensorFlowOp> = new Set(['RealDiv', 'Mul', 'Sqrt'])

export interface NodeOptions {
  /** Besides the type, and those that ops.ts has. */
  readonly attributes?: Attributes
  /** Nodes or tensors that have to be there before the node runs. */
  readonly after?: readonly Ref[]
  readonly name?: string
}

export class GraphBuilder {
  readonly nodes: NodeDefinition[] = []
  readonly #kind: 'graph' | 'function'
  readonly #readers = new Map<Ref, { readonly op: TensorFlowOp; readonly ref: Ref }[]>()
  readonly #constants = new Map<string, Ref>()
  readonly #known = new Map<string, Ref>()

  constructor(kind: 'graph' | 'function') {
    this.#kind = kind
  }

  /**
   * Adds a node, unless an equal one of scalar arithmetic is there.
   *
   * @param type of the operands, or of what the op makes; undefined for an op without
   * @returns its first output
   */
  add(op: TensorFlowOp, type: TensorFlowType | undefined, inputs: readonly Ref[], options: NodeOptions = {}): Ref {
    const { after = [] } = options
    const attributes: Attributes = {
      ...(type && { [TYPE_NAMES[op] ?? 'T']: { type } }),
      ...FIXED[op],
      ...options.attributes,
    }
    const isPure = PURE.has(op) && after.length === 0 && options.name === undefined
    const key = isPure ? JSON.stringify([op, inputs, attributes]) : ''
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const name = options.name ?? `${op}_${this.nodes.length}`
    const controls = [...new Set(after.map(nodeOf))].map((node) => `^${node}`)
    this.nodes.push({ name, op, inputs: [...inputs, ...controls], attributes })
    const ref = this.#kind === 'graph' ? `${name}:0` : `${name}:${OUTPUT_NAMES[op]}:0`
    if (isPure) this.#known.set(key, ref)
    for (const input of inputs) {
      const readers = this.#readers.get(input)
      if (readers) readers.push({ op, ref })
      else this.#readers.set(input, [{ op, ref }])
    }
    return ref
  }

  /** An input of the graph. */
  placeholder(name: string, type: TensorFlowType, shape: Shape): Endpoint {
    const attributes = { shape: { shape } }
    return { tensor: this.add('Placeholder', type, [], { name, attributes }), type, shape }
  }

  cast(ref: Ref, from: TensorFlowType, to: TensorFlowType): Ref {
    return this.add('Cast', to, [ref], { attributes: { SrcT: { type: from } } })
  }

  /** Tensors of one type and shape as the rows of one. */
  pack(type: TensorFlowType, rows: readonly Ref[]): Ref {
    return this.add('Pack', type, rows, { attributes: { N: { int: rows.length } } })
  }

  /** Rows of a table by their numbers, all of which are rows. */
  gatherRows(type: TensorFlowType, table: Ref, indices: Ref): Ref {
    return this.add('GatherV2', type, [table, indices, this.constant(0, 'int32')])
  }

  /** The value of a variable. @param handle its resource */
  read(type: TensorFlowType, handle: Ref, after: readonly Ref[]): Ref {
    return this.add('ReadVariableOp', type, [handle], { after })
  }

  assign(type: TensorFlowType, handle: Ref, value: Ref, after: readonly Ref[] = []): Ref {
    return this.add('AssignVariableOp', type, [handle, value], { after })
  }

  /** The first outputs of the nodes of these ops that read a tensor so far. */
  readersOf(tensor: Ref, ops: readonly TensorFlowOp[]): readonly Ref[] {
    const readers = this.#readers.get(tensor) ?? []
    return readers.filter((reader) => ops.includes(reader.op)).map(({ ref }) => ref)
  }

  /** A constant of many floats. */
  floats(values: Float32Array, shape: Shape): Ref {
    return this.#const('float', shape, new Uint8Array(values.slice().buffer))
  }

  /** A constant; equal ones are one node. One number fills the shape. */
  constant(
    values: number | readonly number[],
    type: ConstantType,
    shape: Shape = typeof values === 'number' ? [] : [values.length],
  ): Ref {
    const all = typeof values === 'number' ? new Array<number>(sizeOf(shape)).fill(values) : values
    // JSON has neither -0 nor NaN.
    const texts = all.map((value) => (Object.is(value, -0) ? '-0' : String(value)))
    const key = JSON.stringify([type, shape, texts])
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const ref = this.#const(type, shape, new Uint8Array(ARRAYS[type](all).buffer))
    this.#constants.set(key, ref)
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
