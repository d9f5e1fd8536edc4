/**
 * A Program as the planner sees it: which nodes need a kernel, and how elementwise ops read their operands.
 *
 * Not every node needs a kernel. Leaves (states, constants, step, seed) are in memory before the step. Aliases
 * (reshape, stopGradient) share the memory of their operand. A broadcast that only elementwise ops read is not copied:
 * they repeat the elements as they read.
 */
import { type DType } from '@gradpool/core'
import { invariant, sizeOf, type Input, type Node, type NodeOf, type Program } from '@gradpool/core/engine'
import { MICRO } from '../instructions.js'
import { isAlias } from './aliases.js'

/** How an elementwise op reads an operand, over elements seen as rows x columns. */
export interface View {
  /** One value per element, one in all, one per column, or one per row. */
  readonly kind: 'full' | 'scalar' | 'row' | 'col'
  readonly node: number
  /** Set for `row` and `col`. */
  readonly columns: number | undefined
}

const MICRO_OF: Readonly<Partial<Record<Node['op'], number>>> = {
  cast: MICRO.COPY,
  neg: MICRO.NEG,
  exp: MICRO.EXP,
  log: MICRO.LOG,
  log1p: MICRO.LOG1P,
  sqrt: MICRO.SQRT,
  tanh: MICRO.TANH,
  sigmoid: MICRO.SIGMOID,
  relu: MICRO.RELU,
  abs: MICRO.ABS,
  sin: MICRO.SIN,
  cos: MICRO.COS,
  erf: MICRO.ERF,
  flush: MICRO.FLUSH,
  add: MICRO.ADD,
  sub: MICRO.SUB,
  mul: MICRO.MUL,
  div: MICRO.DIV,
  max: MICRO.MAX,
  min: MICRO.MIN,
  pow: MICRO.POW,
  flushBelow: MICRO.FLUSH_BELOW,
  less: MICRO.LESS,
  lessEqual: MICRO.LESS_EQUAL,
  equal: MICRO.EQUAL,
  select: MICRO.SELECT,
}

const LEAF_ROLES = new Set(['state', 'step', 'seed'])

export class Graph {
  readonly program: Program
  /** Nodes that a kernel computes, batch inputs included, in topological order. */
  readonly computed: readonly number[]
  /** By node. */
  readonly #inputs: readonly (Input | undefined)[]
  readonly #sizes: readonly number[]
  readonly #microOps: readonly (number | undefined)[]
  readonly #bases: readonly number[]
  readonly #gatheredAsFloat: ReadonlySet<number>
  readonly #materialized: ReadonlySet<number>
  /** What is known of a node, once it was asked for. */
  readonly #view: (View | undefined)[]
  readonly #views: (readonly View[] | undefined)[]
  readonly #dependencies: (readonly number[] | undefined)[]

  constructor(program: Program) {
    this.program = program
    this.#inputs = byNode(program.inputs)
    this.#sizes = program.nodes.map(({ shape }) => sizeOf(shape))
    this.#microOps = program.nodes.map(({ op, dtype }) => (dtype === 'f32' ? MICRO_OF[op] : undefined))
    const { length } = program.nodes
    this.#view = new Array<View | undefined>(length)
    this.#views = new Array<readonly View[] | undefined>(length)
    this.#dependencies = new Array<readonly number[] | undefined>(length)
    this.#bases = this.#findBases()
    this.#gatheredAsFloat = this.#findGatheredAsFloat()
    this.#materialized = this.#findMaterialized()
    this.computed = this.#findComputed()
  }

  node(index: number): Node {
    return this.program.node(index)
  }

  size(index: number): number {
    const size = this.#sizes[index]
    invariant(size !== undefined, `there is a node ${index}`)
    return size
  }

  input(index: number): Input | undefined {
    return this.#inputs[index]
  }

  /** The node whose memory holds this node's value. */
  base(index: number): number {
    const base = this.#bases[index]
    invariant(base !== undefined, `node ${index} has no base`)
    return base
  }

  isLeaf(index: number): boolean {
    const input = this.#inputs[index]
    return input ? LEAF_ROLES.has(input.role) : this.node(index).op === 'constant'
  }

  isBatch(index: number): boolean {
    return this.#inputs[index]?.role === 'batch'
  }

  /** The micro-op of an elementwise f32 node, else undefined. */
  microOp(index: number): number | undefined {
    return this.#microOps[index]
  }

  /**
   * The dtype in which a node's value is stored: a u8 or i32 batch field that is only ever cast to f32 is gathered as
   * f32.
   */
  storedDType(index: number): DType {
    const base = this.base(index)
    return this.#gatheredAsFloat.has(base) ? 'f32' : this.node(base).dtype
  }

  /** How an elementwise op reads operand `index`. */
  view(index: number): View {
    const base = this.base(index)
    return (this.#view[base] ??= this.#viewOf(base))
  }

  #viewOf(base: number): View {
    const node = this.node(base)
    if (node.op === 'constant' && valuesOf(node).length === 1) return { kind: 'scalar', node: base, columns: undefined }
    if (node.op === 'broadcast' && !this.#materialized.has(base)) {
      const view = this.#broadcastView(node)
      invariant(view, `broadcast %${base} is read elementwise, but neither as scalar, row nor column`)
      return view
    }
    return { kind: 'full', node: base, columns: undefined }
  }

  views(index: number): readonly View[] {
    const known = this.#views[index]
    if (known) return known
    const views: View[] = []
    for (const input of this.node(index).inputs) views.push(this.view(input))
    this.#views[index] = views
    return views
  }

  /** The nodes, leaves included, whose memory node `index` reads when it is computed. */
  dependencies(index: number): readonly number[] {
    const known = this.#dependencies[index]
    if (known) return known
    const dependencies: number[] = []
    if (this.microOp(index) !== undefined) {
      for (const { node } of this.views(index)) dependencies.push(node)
    } else {
      for (const input of this.node(index).inputs) dependencies.push(this.base(input))
    }
    this.#dependencies[index] = dependencies
    return dependencies
  }

  /** Bases that must hold a value when the step ends. */
  get kept(): ReadonlySet<number> {
    const { updates, results } = this.program
    return new Set([...updates, ...results].map(({ node }) => this.base(node)))
  }

  #findBases(): number[] {
    const bases: number[] = []
    const castOnly = this.#batchInputsOnlyCast()
    this.program.nodes.forEach((node, index) => {
      const operand = node.inputs[0]
      const alias =
        operand !== undefined && (isAlias(node, this.node(operand)) || (node.op === 'cast' && castOnly.has(operand)))
      bases.push(alias ? (bases[operand] ?? operand) : index)
    })
    return bases
  }

  #batchInputsOnlyCast(): Set<number> {
    const integers = this.program.fields.filter(({ dtype }) => dtype !== 'f32')
    const candidates = new Set(integers.map(({ node }) => node))
    if (candidates.size === 0) return candidates
    this.program.nodes.forEach(({ op, dtype, inputs }) => {
      if (op !== 'cast' || dtype !== 'f32') inputs.forEach((input) => candidates.delete(input))
    })
    for (const { node } of [...this.program.updates, ...this.program.results]) candidates.delete(node)
    return candidates
  }

  /** Batch fields that are read as f32, by themselves or by another name. */
  #findGatheredAsFloat(): Set<number> {
    const bases = this.#bases.filter((base, index) => this.isBatch(base) && this.node(index).dtype === 'f32')
    return new Set(bases)
  }

  /**
   * Broadcasts that need memory of their own: those read by ops that are not elementwise, or in a way that pointwise
   * programs cannot.
   */
  #findMaterialized(): Set<number> {
    const materialized = new Set<number>()
    const isBroadcast = (base: number): boolean => this.node(base).op === 'broadcast'
    for (const [index, { inputs }] of this.program.nodes.entries()) {
      let columns: number | undefined
      for (const input of inputs) {
        const base = this.base(input)
        const node = this.node(base)
        if (node.op !== 'broadcast') continue
        const view = this.#broadcastView(node)
        const readable = view !== undefined && this.microOp(index) !== undefined && this.base(index) === index
        if (!readable || (view.columns ?? columns) !== (columns ?? view.columns)) materialized.add(base)
        else columns ??= view.columns
      }
    }
    for (const base of this.kept) if (isBroadcast(base)) materialized.add(base)
    return materialized
  }

  #findComputed(): number[] {
    return [...this.program.nodes.keys()].filter((index) => {
      if (this.base(index) !== index || this.isLeaf(index)) return false
      return this.node(index).op !== 'broadcast' || this.#materialized.has(index)
    })
  }

  #broadcastView(node: Node): View | undefined {
    const operand = node.inputs[0]
    invariant(operand !== undefined, 'a broadcast has an operand')
    const source = this.base(operand)
    // Pointwise programs read scalars, rows and columns as f32. A broadcast that is broadcast again has memory of its
    // own.
    if (this.storedDType(source) !== 'f32') return undefined
    if (this.size(source) === 1) return { kind: 'scalar', node: source, columns: undefined }
    const shape = this.node(operand).shape
    const missing = node.shape.length - shape.length
    const kept = node.shape.map((extent, axis) => (axis < missing ? 1 : shape[axis - missing]) === extent)
    const axes = [...node.shape.keys()].filter((axis) => node.shape[axis] !== 1)
    const firstKept = axes.findIndex((axis) => kept[axis])
    const firstLost = axes.findIndex((axis) => !kept[axis])
    const sizeFrom = (position: number): number =>
      axes.slice(position).reduce((product, axis) => product * (node.shape[axis] ?? 1), 1)
    if (axes.slice(firstKept).every((axis) => kept[axis])) {
      return { kind: 'row', node: source, columns: sizeFrom(firstKept) }
    }
    if (axes.slice(firstLost).every((axis) => !kept[axis])) {
      return { kind: 'col', node: source, columns: sizeFrom(firstLost) }
    }
    return undefined
  }
}

function byNode(inputs: readonly Input[]): (Input | undefined)[] {
  const placed: (Input | undefined)[] = []
  for (const input of inputs) placed[input.node] = input
  return placed
}

/** The values of a constant: one that fills its shape, or one for each element. */
export function valuesOf({ attributes: { values } }: NodeOf<'constant'>): readonly number[] {
  return typeof values === 'number' ? [values] : values
}
