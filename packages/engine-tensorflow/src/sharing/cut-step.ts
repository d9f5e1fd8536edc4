/**
 * Cuts the Program of a step whose sums over the batch are computed by micro-batches (`segments`) into Programs that
 * can be run separately: parts, which compute the sums (gradients, loss) over one micro-batch, and the rest, which
 * reads the complete sums as states and updates the weights.
 *
 * If a sum depends on other complete sums, as with batch normalisation, there are several levels of sums, and each
 * level computes the activations of the micro-batch again. Values that depend on several examples in any other way are
 * computed over the whole batch wherever they are needed.
 */
import { type DType, type Shape } from '@gradpool/core'
import {
  batchAxes,
  fillValue,
  invariant,
  prune,
  segmentsOf,
  substitute,
  type BatchAxis,
  type Node,
  type NodeOf,
  type Program,
} from '@gradpool/core/engine'

/** The batch field of a part with the positions of the micro-batch's examples in the batch. */
export const POSITIONS = '@positions'

/** A sum over the batch. */
export interface SharedSum {
  /** Of the state that replaces it in the rest. */
  readonly name: string
  readonly node: number
  readonly shape: Shape
}

export interface MicroBatch {
  readonly start: number
  readonly length: number
}

export interface CutStep {
  readonly microBatches: readonly MicroBatch[]
  /** The sums of a level depend only on those of the levels before. */
  readonly levels: readonly (readonly SharedSum[])[]
  /** The step, with all sums read as states. */
  readonly rest: Program
  /** Computes the sums of a level over one micro-batch of `length` examples, as results with their names. */
  part(level: number, length: number): Program
}

/** @param name the first part of the names of the sums @returns undefined for a Program without such sums */
export function cutStep(program: Program, name: string): CutStep | undefined {
  const axes = batchAxes(program)
  const depths: number[] = []
  const levels: SharedSum[][] = []
  let extent = 0
  let count = 0
  program.nodes.forEach((node, index) => {
    const depth = Math.max(
      0,
      ...node.inputs.map((input) => {
        const isSum = isShared(program.node(input), axes)
        return (depths[input] ?? 0) + Number(isSum)
      }),
    )
    depths.push(depth)
    if (!isShared(node, axes)) return
    const level = (levels[depth] ??= [])
    level.push({ name: `@${name}/${depth}/${level.length}`, node: index, shape: node.shape })
    const summed = program.node(node.inputs[0] ?? 0).shape[innerAxis(node, 0)] ?? 0
    const { segments = 1 } = node.attributes
    invariant(count === 0 || (summed === extent && segments === count), 'all sums have one cut')
    extent = summed
    count = segments
  })
  if (count === 0) return undefined
  const without = (sums: readonly SharedSum[]) =>
    substitute(
      program,
      sums.map((sum) => ({ ...sum, initializer: ZERO })),
    )
  return {
    microBatches: segmentsOf(extent, count),
    levels,
    rest: prune(without(levels.flat()), { keepStates: true }),
    part(level, length) {
      const known = without(levels.slice(0, level).flat())
      return new Part(known, axes, length).of(levels[level] ?? [])
    },
  }
}

const ZERO = { kind: 'constant', value: 0 } as const

/** Ops that each example gives to all of an operand without examples: a table, a filter. */
const WHOLE_OPERANDS: ReadonlySet<Node['op']> = new Set(['gather', 'conv', 'convTranspose'])

type Sum = NodeOf<'sum' | 'matmul' | 'convFilter'>

/** Whether a node is a sum over the examples, computed by micro-batches. */
function isShared(node: Node, axes: readonly BatchAxis[]): node is Sum {
  if (node.op !== 'sum' && node.op !== 'matmul' && node.op !== 'convFilter') return false
  const { segments = 1 } = node.attributes
  if (segments === 1) return false
  return node.inputs.every((input, position) => {
    const axis = axes[input]
    return axis === undefined || axis === innerAxis(node, position)
  })
}

/** The axis of an operand over which a sum or a product sums. */
function innerAxis(node: Sum, position: number): number {
  if (node.op !== 'matmul') return 0
  const { transposeA = false, transposeB = false } = node.attributes
  if (position === 0) return transposeA ? 0 : 1
  return transposeB ? 1 : 0
}

/** Adds nodes to a Program that compute the values of its nodes for the examples of a micro-batch, as needed. */
class Part {
  readonly #program: Program
  readonly #axes: readonly BatchAxis[]
  readonly #batchSize: number
  readonly #length: number
  readonly #nodes: Node[]
  /** Node → the node that has its values for the micro-batch's examples. */
  readonly #narrow = new Map<number, number>()
  #positions: number | undefined

  /** @param length examples of a micro-batch */
  constructor(program: Program, axes: readonly BatchAxis[], length: number) {
    this.#program = program
    this.#axes = axes
    this.#batchSize = program.fields[0]?.shape[0] ?? 1
    this.#length = length
    this.#nodes = [...program.nodes]
  }

  of(sums: readonly SharedSum[]): Program {
    const results = sums.map(({ name, node }) => ({ name, node: this.#partOf(node) }))
    const inputs = [...this.#program.inputs]
    const node = this.#positions
    if (node !== undefined) inputs.push({ role: 'batch', name: POSITIONS, node })
    return prune({ nodes: this.#nodes, inputs, updates: [], results }, { keepStates: false })
  }

  /** The sum over the micro-batch's examples. */
  #partOf(index: number): number {
    const node = this.#program.node(index)
    invariant(isShared(node, this.#axes), `node ${index} is a sum over the examples`)
    const inputs = node.inputs.map((operand, position) => this.#rowsOf(operand, innerAxis(node, position)))
    switch (node.op) {
      case 'sum':
        return this.#add({ ...node, inputs, attributes: { ...node.attributes, segments: 1 } })
      case 'matmul':
        return this.#add({ ...node, inputs, attributes: { ...node.attributes, segments: 1 } })
      case 'convFilter':
        return this.#add({ ...node, inputs, attributes: { ...node.attributes, segments: 1 } })
    }
  }

  /** An operand's values for the micro-batch's examples, which are along an axis of it. */
  #rowsOf(index: number, axis: number): number {
    if (this.#axes[index] !== undefined) return this.#narrowOf(index)
    const node = this.#program.node(index)
    if (fillValue(node) !== undefined) {
      return this.#add({ ...node, shape: this.#narrowed(node.shape, axis) })
    }
    const [source = 0] = node.inputs
    if (node.op === 'broadcast') {
      const from = this.#program.node(source).shape
      const extent = from[axis - node.shape.length + from.length] ?? 1
      if (extent === 1) return this.#add({ ...node, shape: this.#narrowed(node.shape, axis) })
    }
    return this.#gathered(index, axis)
  }

  #narrowOf(index: number): number {
    const known = this.#narrow.get(index)
    if (known !== undefined) return known
    const made = this.#makeNarrow(index)
    this.#narrow.set(index, made)
    return made
  }

  #makeNarrow(index: number): number {
    const node = this.#program.node(index)
    const axis = this.#axes[index] ?? 0
    if (node.op === 'input' || node.op === 'random') return this.#gathered(index, axis)
    const takesWhole = WHOLE_OPERANDS.has(node.op) || (node.op === 'matmul' && node.shape.length === 2)
    const inputs = node.inputs.map((operand) => {
      if (this.#axes[operand] !== undefined) return this.#narrowOf(operand)
      return takesWhole ? operand : this.#rowsOf(operand, axis)
    })
    return this.#add({ ...node, inputs, shape: this.#narrowed(node.shape, axis) })
  }

  /** The micro-batch's rows of a value over the whole batch. */
  #gathered(index: number, axis: number): number {
    const { shape, dtype } = this.#program.node(index)
    const each = (shape[axis] ?? 1) / this.#batchSize
    if (each > 1) {
      // Of several rows of each example, along the first axis.
      const apart = [this.#batchSize, each, ...shape.slice(1)]
      const table = this.#reshaped(index, apart, dtype)
      const inputs = [table, this.#positionsNode()]
      const gathered = { op: 'gather', inputs, attributes: {}, shape: this.#narrowed(apart, 0), dtype } as const
      return this.#reshaped(this.#add(gathered), this.#narrowed(shape, 0), dtype)
    }
    const first = [axis, ...shape.keys()].filter((each, i) => i === 0 || each !== axis)
    const moved = (node: number, permutation: readonly number[]): number => {
      if (axis === 0) return node
      const from = this.#nodes[node]?.shape ?? []
      return this.#add({
        op: 'transpose',
        inputs: [node],
        attributes: { permutation },
        shape: permutation.map((each) => from[each] ?? 1),
        dtype,
      })
    }
    const table = moved(index, first)
    const rows = this.#add({
      op: 'gather',
      inputs: [table, this.#positionsNode()],
      attributes: {},
      shape: this.#narrowed(this.#nodes[table]?.shape ?? [], 0),
      dtype,
    })
    return moved(
      rows,
      first.map((_, each) => first.indexOf(each)),
    )
  }

  #reshaped(index: number, shape: Shape, dtype: DType): number {
    return this.#add({ op: 'reshape', inputs: [index], attributes: {}, shape, dtype })
  }

  #positionsNode(): number {
    this.#positions ??= this.#add({
      op: 'input',
      inputs: [],
      attributes: {},
      shape: [this.#length],
      dtype: 'i32',
    })
    return this.#positions
  }

  #narrowed(shape: Shape, axis: number): Shape {
    return shape.map((extent, each) => (each === axis ? (extent / this.#batchSize) * this.#length : extent))
  }

  #add(node: Node): number {
    return this.#nodes.push(node) - 1
  }
}
