/** Writes a schedule as the words of a plan, whose place is not known yet. The format is in `kernels/plan.h`. */
import { UserError, type DType, type Shape } from '@gradpool/core'
import { bytesPerElement, invariant, sizeOf, stridesOf, type Node, type NodeOf } from '@gradpool/core/engine'
import { DTYPE, MATMUL, OP, SECTION } from '../instructions.js'
import { addressIn } from './addresses.js'
import { productOf, type Kernel } from './fuse.js'
import { reduction } from './reduction.js'
import { convolutionWords, poolWords } from './windows.js'
import type { Graph } from './graph.js'
import type { Action } from './schedule.js'
import type { Section } from './sections.js'
import { buildPointwise, type Addresses } from './pointwise.js'

/** Scratch memory of the kernels. */
const WORKING = addressIn('working', 0)
const MAX_COPY_RANK = 8
/** Of the instruction that begins a section. */
const SECTION_WORDS = 4
/** Of a plan, to check losses: those of more numbers would need more. */
const MAX_GUARDS = 2 ** 18

export interface Layout extends Addresses {
  /** Of a batch field's values in the dataset, and its dtype. */
  field(name: string): { readonly address: number; readonly dtype: DType }
  readonly batchSize: number
}

/** The words of a plan, to be resolved (addresses.ts): instructions, and the pointwise programs they refer to. */
export interface Words {
  readonly instructions: readonly number[]
  readonly programs: readonly number[]
  /** Where the instructions of each action are, in order. */
  readonly places: readonly Place[]
}

/** The instructions of an action are the words from `first` up to `end`. */
export interface Place {
  readonly action: Action
  readonly first: number
  readonly end: number
}

export function emit(graph: Graph, sections: readonly Section[], layout: Layout): Words {
  const emitter = new Emitter(graph, layout)
  return { instructions: emitter.instructions(sections), programs: emitter.programs, places: emitter.places }
}

class Emitter {
  readonly programs: number[] = []
  readonly places: Place[] = []
  readonly #graph: Graph
  readonly #layout: Layout

  constructor(graph: Graph, layout: Layout) {
    this.#graph = graph
    this.#layout = layout
  }

  instructions(sections: readonly Section[]): number[] {
    let end = 0
    return sections.flatMap(({ kind, actions }) => {
      if (kind !== undefined) end += SECTION_WORDS
      const inside: number[] = []
      for (const action of actions) {
        const words = this.#action(action, kind)
        this.places.push({ action, first: end, end: end + words.length })
        end += words.length
        for (const word of words) inside.push(word)
      }
      return kind === undefined ? inside : [...instruction(OP.SECTION, kind, inside.length), ...inside]
    })
  }

  #action(action: Action, section: number | undefined): number[] {
    switch (action.kind) {
      case 'guard':
        return this.#guards(action.loss)
      case 'copy': {
        const size = this.#graph.size(action.from)
        return copy(this.#address(action.state), this.#address(action.from), 4, [size], [1], [1])
      }
      case 'kernel':
        return this.#kernel(action.kernel, section)
    }
  }

  #kernel(kernel: Kernel, section: number | undefined): number[] {
    const [first] = kernel.nodes
    invariant(first !== undefined, 'a kernel has nodes')
    if (kernel.kind === 'product') return this.#product(kernel)
    if (kernel.kind === 'pointwise') {
      const columns = kernel.columns ?? kernel.size
      return instruction(OP.MAP, kernel.size / columns, columns, this.#pointwise(kernel))
    }
    const input = this.#graph.input(first)
    if (input) return this.#gather(first, input.name)
    return this.#single(first, this.#graph.node(first), section)
  }

  #gather(index: number, name: string): number[] {
    const { address, dtype } = this.#layout.field(name)
    const { batchSize } = this.#layout
    const types = [DTYPE[this.#graph.storedDType(index)], DTYPE[dtype]]
    const extents = [this.#graph.size(index) / batchSize, batchSize]
    return instruction(OP.GATHER_BATCH, this.#address(index), address, ...types, ...extents)
  }

  #product(kernel: Kernel): number[] {
    const product = productOf(kernel)
    const node = this.#graph.node(product)
    const [a, b] = this.#operands(node)
    const epilogue = kernel.nodes.length > 1 ? this.#pointwise(kernel) : 0
    const to = this.#layout.of(product) ?? 0
    if (node.op === 'conv' || node.op === 'convTranspose') {
      const opcode = node.op === 'conv' ? OP.CONV : OP.CONV_TRANSPOSE
      return instruction(opcode, to, a, b, WORKING, epilogue, ...convolutionWords(this.#graph, node))
    }
    invariant(node.op === 'matmul', 'a product kernel begins with its product')
    const { m, n, k, flags, segments } = matmulShape(this.#graph, node)
    const operands = [to, a, b, m, n, k, flags, WORKING, epilogue]
    const count = sizeOf(node.shape.slice(0, -2))
    if (count > 1) return instruction(OP.MATMUL_STACK, ...operands, count)
    return segments === 1 ? instruction(OP.MATMUL, ...operands) : instruction(OP.MATMUL_SEGMENTS, ...operands, segments)
  }

  #guards(loss: number): number[] {
    const count = this.#graph.size(loss)
    if (count > MAX_GUARDS) throw new UserError(`the CPU engine takes a loss of at most ${MAX_GUARDS} numbers`)
    return Array.from({ length: count }, (_, which) => instruction(OP.GUARD, this.#address(loss) + 4 * which)).flat()
  }

  #pointwise(kernel: Kernel): number {
    const address = addressIn('programs', 4 * this.programs.length)
    this.programs.push(...buildPointwise(this.#graph, kernel, this.#layout))
    return address
  }

  #single(index: number, node: Node, section: number | undefined): number[] {
    const graph = this.#graph
    const size = graph.size(index)
    const to = this.#address(index)
    const [a, b] = this.#operands(node)
    const shapeOf = (operand: number): Shape => graph.node(node.inputs[operand] ?? 0).shape
    const rowsOf = (operand: number): number => shapeOf(operand)[0] ?? 1
    const columns = node.shape.at(-1) ?? 1
    switch (node.op) {
      case 'sum':
      case 'reduceMax': {
        const { outer, count, inner } = reduction(shapeOf(0), node.attributes.axes)
        // Workers share a sum by the sums of one segment.
        const oneSegment = section === SECTION.ROWS ? 1 : undefined
        const segments = node.op === 'sum' ? (node.attributes.segments ?? oneSegment) : undefined
        if (segments !== undefined) {
          const rows = rowsOf(0)
          return instruction(OP.SUM_SEGMENTS, to, a, rows, count / rows, inner, segments)
        }
        return instruction(node.op === 'sum' ? OP.SUM : OP.REDUCE_MAX, to, a, outer, count, inner)
      }
      case 'argMax':
        return instruction(OP.ARG_MAX, to, a, size, shapeOf(0).at(-1) ?? 1)
      case 'softmax':
        return instruction(OP.SOFTMAX, to, a, size / columns, columns)
      case 'logSoftmax':
        return instruction(OP.LOG_SOFTMAX, to, a, size / columns, columns)
      case 'sort':
      case 'sortSpread': {
        const descending = Number(node.attributes.descending ?? false)
        const opcode = node.op === 'sort' ? OP.SORT : OP.SORT_SPREAD
        return instruction(opcode, to, a, b, WORKING, size / columns, columns, descending)
      }
      case 'cast':
        return instruction(OP.CAST, to, a, DTYPE[node.dtype], this.#storedDType(node, 0), size)
      case 'random': {
        const { distribution, purpose } = node.attributes
        return instruction(OP.RANDOM, to, size, Number(distribution === 'normal'), purpose, a, b)
      }
      case 'convFilter': {
        const { segments = 1 } = node.attributes
        const geometry = convolutionWords(graph, node)
        return instruction(OP.CONV_FILTER, to, a, b, WORKING, segments, ...geometry)
      }
      case 'maxPool':
        return instruction(OP.MAX_POOL, to, a, b, ...poolWords(node, shapeOf(0), node.shape))
      case 'maxPoolSpread':
        return instruction(OP.MAX_POOL_SPREAD, to, a, b, ...poolWords(node, shapeOf(0), shapeOf(1)))
      case 'oneHot': {
        const { depth } = node.attributes
        return instruction(OP.ONE_HOT, to, a, this.#storedDType(node, 0), size / depth, depth)
      }
      case 'gather': {
        const rowBytes = (bytesPerElement[node.dtype] * size) / rowsOf(1)
        return instruction(OP.GATHER_ROWS, to, a, b, rowsOf(1), rowBytes, rowsOf(0))
      }
      case 'scatterAdd': {
        const rows = node.shape[0] ?? 1
        return instruction(OP.SCATTER_ADD, to, a, b, rowsOf(1), size / rows, rows)
      }
      default:
        return this.#layoutOp(node, to, a, shapeOf)
    }
  }

  /** Ops that only move elements: each is a copy between two strided views. */
  #layoutOp(node: Node, to: number, from: number, shapeOf: (operand: number) => Shape): number[] {
    const bytes = node.dtype === 'u8' ? 1 : 4
    const strides = stridesOf(node.shape)
    const sourceShape = shapeOf(0)
    const sourceStrides = stridesOf(sourceShape)
    const offset = (starts: readonly number[], along: readonly number[]): number =>
      bytes * starts.reduce((sum, start, axis) => sum + start * (along[axis] ?? 0), 0)
    switch (node.op) {
      case 'broadcast': {
        const missing = node.shape.length - sourceShape.length
        const repeated = node.shape.map((_, axis) =>
          axis < missing || sourceShape[axis - missing] === 1 ? 0 : (sourceStrides[axis - missing] ?? 0),
        )
        return copy(to, from, bytes, node.shape, strides, repeated)
      }
      case 'transpose': {
        const permuted = node.attributes.permutation.map((axis) => sourceStrides[axis] ?? 0)
        return copy(to, from, bytes, node.shape, strides, permuted)
      }
      case 'slice': {
        const inside = from + offset(node.attributes.starts, sourceStrides)
        return copy(to, inside, bytes, node.shape, strides, sourceStrides)
      }
      case 'pad': {
        const words = Math.ceil((bytes * sizeOf(node.shape)) / 4)
        const inside = to + offset(node.attributes.before, strides)
        return [
          ...instruction(OP.FILL, to, words, 0),
          ...copy(inside, from, bytes, sourceShape, strides, sourceStrides),
        ]
      }
      case 'concat': {
        const { axis } = node.attributes
        let start = 0
        return this.#addresses(node).flatMap((operand, position) => {
          const shape = shapeOf(position)
          const inside = to + bytes * start * (strides[axis] ?? 0)
          start += shape[axis] ?? 0
          return copy(inside, operand, bytes, shape, strides, stridesOf(shape))
        })
      }
      default:
        throw new UserError(`the CPU engine has no kernel for the op "${node.op}" on ${node.dtype}`)
    }
  }

  #operands(node: Node): readonly [number, number] {
    const [a = 0, b = 0] = this.#addresses(node)
    return [a, b]
  }

  #addresses(node: Node): number[] {
    const addresses: number[] = []
    for (const input of node.inputs) addresses.push(this.#address(this.#graph.base(input)))
    return addresses
  }

  #storedDType(node: Node, operand: number): number {
    return DTYPE[this.#graph.storedDType(node.inputs[operand] ?? 0)]
  }

  #address(node: number): number {
    const address = this.#layout.of(node)
    invariant(address !== undefined, `node ${node} has memory`)
    return address
  }
}

export function matmulShape(
  graph: Graph,
  node: NodeOf<'matmul'>,
): { m: number; n: number; k: number; flags: number; segments: number } {
  const { transposeA = false, transposeB = false, segments = 1 } = node.attributes
  const [m = 1, n = 1] = node.shape.slice(-2)
  const a = graph.node(node.inputs[0] ?? 0).shape
  const k = a.at(transposeA ? -2 : -1) ?? 1
  const flags = (transposeA ? MATMUL.TRANSPOSE_A : 0) | (transposeB ? MATMUL.TRANSPOSE_B : 0)
  return { m, n, k, flags, segments }
}

/** Bytes of scratch memory of a sort, as plan.h says. */
export function sortScratch({ shape }: Node): number {
  return 16 * (shape.at(-1) ?? 1)
}

function instruction(opcode: number, ...operands: number[]): number[] {
  return [opcode, operands.length + 2, ...operands]
}

/** A copy between strided views. Axes of extent 1 are dropped, and axes that are adjacent in both views are merged. */
function copy(
  to: number,
  from: number,
  bytes: number,
  extents: Shape,
  toStrides: readonly number[],
  fromStrides: readonly number[],
): number[] {
  const axes: { extent: number; to: number; from: number }[] = []
  for (const [axis, extent] of extents.entries()) {
    if (extent === 1) continue
    const next = { extent, to: toStrides[axis] ?? 0, from: fromStrides[axis] ?? 0 }
    const outer = axes.at(-1)
    const joins = outer?.to === next.to * extent && outer.from === next.from * extent
    if (joins) axes.pop()
    axes.push(joins ? { ...next, extent: outer.extent * extent } : next)
  }
  // What is shared out by examples has an axis of them, be it of one.
  if (axes.length === 0) axes.push({ extent: 1, to: 1, from: 1 })
  if (axes.length > MAX_COPY_RANK) {
    throw new UserError(`the CPU engine moves tensors of at most ${MAX_COPY_RANK} axes, not ${axes.length}`)
  }
  return instruction(
    OP.COPY,
    to,
    from,
    bytes,
    axes.length,
    ...axes.map((axis) => axis.extent),
    ...axes.map((axis) => axis.to),
    ...axes.map((axis) => axis.from),
  )
}
