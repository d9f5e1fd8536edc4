/**
 * Builds the nodes of a graph or of a function of it, one after the other.
 */
import { sizeOf, type Shape } from '@gradpool/core'
import type { Attribute, NodeDefinition } from './messages.js'
import { OUTPUT_NAMES, type TensorFlowOp } from './ops.js'
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
  readonly attributes?: Readonly<Record<string, Attribute>>
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

  /** Adds a node, unless an equal one of scalar arithmetic is there. @returns its first output */
  add(op: TensorFlowOp, inputs: readonly Ref[] = [], options: NodeOptions = {}): Ref {
    const { attributes = {}, after = [] } = options
    const isPure = PURE.has(op) && after.length === 0 && options.name === undefined
    const key = isPure ? JSON.stringify([op, inputs, attributes]) : ''
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const name = options.name ?? `${op}_${this.nodes.length}`
    const controls = [...new Set(after.map(nodeOf))].map((node) => `^${node}`)
    this.nodes.push({ name, op, inputs: [...inputs, ...controls], attributes })
    const ref = this.output(name, op, 0)
    if (isPure) this.#known.set(key, ref)
    for (const input of inputs) {
      this.#readers.set(input, [...(this.#readers.get(input) ?? []), { op, ref }])
    }
    return ref
  }

  /** Adds a node of an op whose only attribute is the type of its operands. */
  apply(op: TensorFlowOp, type: TensorFlowType, ...operands: readonly Ref[]): Ref {
    return this.add(op, operands, { attributes: typed(type) })
  }

  /** An output of a node by its number; of a function, one of a list of outputs. */
  output(node: string, op: TensorFlowOp, index: number): Ref {
    return this.#kind === 'graph' ? `${node}:${index}` : `${node}:${OUTPUT_NAMES[op]}:${index}`
  }

  /** The first outputs of the nodes of these ops that read a tensor so far. */
  readersOf(tensor: Ref, ops: readonly TensorFlowOp[]): readonly Ref[] {
    const readers = this.#readers.get(tensor) ?? []
    return readers.filter((reader) => ops.includes(reader.op)).map(({ ref }) => ref)
  }

  /** A constant of many floats. */
  floats(values: Float32Array, shape: Shape): Ref {
    const content = new Uint8Array(values.slice().buffer)
    return this.add('Const', [], {
      attributes: {
        dtype: { type: 'float' },
        value: { tensor: { type: 'float', shape, content } },
      },
    })
  }

  /** A constant; equal ones are one node. One number fills the shape. */
  constant(
    values: number | readonly number[],
    type: ConstantType,
    shape: Shape = typeof values === 'number' ? [] : [values.length],
  ): Ref {
    const all = typeof values === 'number' ? new Array<number>(sizeOf(shape)).fill(values) : values
    const key = JSON.stringify([type, shape, all.map(textOf)])
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const tensor = { type, shape, content: new Uint8Array(ARRAYS[type](all).buffer) }
    const ref = this.add('Const', [], {
      attributes: { dtype: { type }, value: { tensor } },
    })
    this.#constants.set(key, ref)
    return ref
  }
}

/** The name of the node that makes a tensor. */
export function nodeOf(ref: Ref): string {
  return ref.split(':', 1).join('')
}

/** The attribute `T` that most ops have. */
export function typed(type: TensorFlowType): Readonly<Record<string, Attribute>> {
  return { T: { type } }
}

/** JSON has neither -0 nor NaN. */
function textOf(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
