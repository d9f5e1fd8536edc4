/**
 * Cuts the Program of a step, whose sums over the batch are made of microBatches (`segments`), into Programs that can be run apart:
 * those of one micro-batch, which make its part of the sums (of the gradients, of the loss), and the rest, which reads the sums as
 * states and updates.
 *
 * Where a sum needs others to be complete, as with batch normalisation, there are several levels of sums, each made from
 * the activations of the micro-batch again. What depends on several examples in any other way is computed over the whole batch
 * wherever it is needed.
 */
import {
  batchAxes,
  invariant,
  Program,
  segmentsOf,
  type BatchAxis,
  type Input,
  type Node,
  type Shape,
} from '@gradpool/core'

/** The batch field of a part that has the positions of the micro-batch's examples within the batch. */
export const POSITIONS = '@positions'

/** A sum over the batch. */
export interface SharedSum {
  /** Of the state that stands for it. */
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
  /** Those of a level need none but those of the levels before. */
  readonly levels: readonly (readonly SharedSum[])[]
  /** The step, which reads all sums as states. */
  readonly rest: Program
  /** Tells the sums of a level over one micro-batch of so many examples as results, by their names. */
  part(level: number, length: number): Program
}

/** @param name begins the names of the sums. @returns undefined for a Program without such sums */
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
    const segments = Number(node.attributes.segments)
    invariant(count === 0 || (summed === extent && segments === count), 'all sums have one cut')
    extent = summed
    count = segments
  })
  if (count === 0) return undefined
  return {
    microBatches: segmentsOf(extent, count),
    levels,
    rest: new Copy(program, axes, levels.flat(), 0).finish(program.updates, program.results),
    part(level, length) {
      const copy = new Copy(program, axes, levels.slice(0, level).flat(), length)
      const results = (levels[level] ?? []).map(({ name: sum, node }) => ({ name: sum, node }))
      return copy.finishPart(results)
    },
  }
}

/** Whether a node is a sum over the examples, made of those of microBatches, and of nothing else. */
function isShared(node: Node, axes: readonly BatchAxis[]): boolean {
  if (Number(node.attributes.segments ?? 1) === 1) return false
  return node.inputs.every((input, position) => {
    const axis = axes[input]
    return axis === undefined || axis === innerAxis(node, position)
  })
}

/** The axis of an operand over which a sum or a product sums. */
function innerAxis({ op, attributes }: Node, position: number): number {
  if (op === 'sum') return 0
  const isTransposed = attributes[position === 0 ? 'transposeA' : 'transposeB'] === true
  return isTransposed === (position === 0) ? 0 : 1
}

type Named = readonly { readonly name: string; readonly node: number }[]

/** Copies nodes, whole or only what they have of a micro-batch's examples, as they are asked for. */
class Copy {
  readonly #program: Program
  readonly #axes: readonly BatchAxis[]
  readonly #sums: ReadonlyMap<number, SharedSum>
  readonly #length: number
  readonly #inputs = new Map<number, Input>()
  readonly #nodes: Node[] = []
  readonly #made: Input[] = []
  readonly #whole = new Map<number, number>()
  readonly #narrow = new Map<number, number>()
  #positions: number | undefined

  /** @param sums that are read as states @param length examples of a micro-batch */
  constructor(
    program: Program,
    axes: readonly BatchAxis[],
    sums: readonly SharedSum[],
    length: number,
  ) {
    this.#program = program
    this.#axes = axes
    this.#sums = new Map(sums.map((sum) => [sum.node, sum]))
    this.#length = length
    for (const input of program.inputs) this.#inputs.set(input.node, input)
  }

  finish(updates: Named, results: Named): Program {
    const placed = ({ name, node }: Named[number]) => ({ name, node: this.#wholeOf(node) })
    // A state that nothing reads any more is one all the same.
    for (const { role, node } of this.#program.inputs) if (role === 'state') this.#wholeOf(node)
    return this.#programOf(updates.map(placed), results.map(placed))
  }

  finishPart(sums: Named): Program {
    return this.#programOf(
      [],
      sums.map(({ name, node }) => ({ name, node: this.#partOf(node) })),
    )
  }

  #programOf(updates: Named, results: Named): Program {
    return new Program({ nodes: this.#nodes, inputs: this.#made, updates, results })
  }

  #wholeOf(index: number): number {
    const known = this.#whole.get(index)
    if (known !== undefined) return known
    const made = this.#copyWhole(index)
    this.#whole.set(index, made)
    return made
  }

  #copyWhole(index: number): number {
    const node = this.#program.node(index)
    const sum = this.#sums.get(index)
    if (sum !== undefined) {
      const { name, shape } = sum
      const made = this.#add({ ...INPUT, shape, dtype: 'f32' })
      this.#made.push({ role: 'state', name, node: made, initializer: ZERO })
      return made
    }
    const input = this.#inputs.get(index)
    const inputs = node.inputs.map((operand) => this.#wholeOf(operand))
    const made = this.#add({ ...node, inputs })
    if (input !== undefined) this.#made.push({ ...input, node: made })
    return made
  }

  /** The part of a sum that the micro-batch's examples make. */
  #partOf(index: number): number {
    const node = this.#program.node(index)
    const attributes = { ...node.attributes, segments: 1 }
    const inputs = node.inputs.map((operand, position) =>
      this.#rowsOf(operand, innerAxis(node, position)),
    )
    return this.#add({ ...node, attributes, inputs })
  }

  /** An operand's part for the micro-batch's examples, which lie along an axis of it. */
  #rowsOf(index: number, axis: number): number {
    if (this.#axes[index] !== undefined) return this.#narrowOf(index)
    const node = this.#program.node(index)
    const [source = 0] = node.inputs
    if (node.op === 'constant' && typeof node.attributes.values === 'number') {
      return this.#add({ ...node, shape: this.#narrowed(node.shape, axis) })
    }
    if (node.op === 'broadcast') {
      const from = this.#program.node(source).shape
      const extent = from[axis - node.shape.length + from.length] ?? 1
      if (extent === 1) {
        const shape = this.#narrowed(node.shape, axis)
        return this.#add({ ...node, inputs: [this.#wholeOf(source)], shape })
      }
    }
    return this.#gathered(index, axis)
  }

  #narrowOf(index: number): number {
    const known = this.#narrow.get(index)
    if (known !== undefined) return known
    const made = this.#copyNarrow(index)
    this.#narrow.set(index, made)
    return made
  }

  #copyNarrow(index: number): number {
    const node = this.#program.node(index)
    const axis = this.#axes[index] ?? 0
    if (node.op === 'input' || node.op === 'random') return this.#gathered(index, axis)
    const takesWhole = node.op === 'gather' || (node.op === 'matmul' && node.shape.length === 2)
    const inputs = node.inputs.map((operand) => {
      if (this.#axes[operand] !== undefined) return this.#narrowOf(operand)
      return takesWhole ? this.#wholeOf(operand) : this.#rowsOf(operand, axis)
    })
    return this.#add({ ...node, inputs, shape: this.#narrowed(node.shape, axis) })
  }

  /** The micro-batch's rows of a value that is there whole. */
  #gathered(index: number, axis: number): number {
    const { shape, dtype } = this.#program.node(index)
    const whole = this.#wholeOf(index)
    const first = [axis, ...shape.keys()].filter((each, i) => i === 0 || each !== axis)
    const moved = (node: number, permutation: readonly number[]): number => {
      if (axis === 0) return node
      const from = this.#nodes[node]?.shape ?? []
      return this.#add({
        ...{ op: 'transpose', inputs: [node], attributes: { permutation }, dtype },
        shape: permutation.map((each) => from[each] ?? 1),
      })
    }
    const table = moved(whole, first)
    const tableShape = this.#nodes[table]?.shape ?? []
    const rows = this.#add({
      ...{ op: 'gather', inputs: [table, this.#positionsNode()], attributes: {}, dtype },
      shape: this.#narrowed(tableShape, 0),
    })
    return moved(
      rows,
      first.map((_, each) => first.indexOf(each)),
    )
  }

  #positionsNode(): number {
    if (this.#positions === undefined) {
      const node = this.#add({ ...INPUT, shape: [this.#length], dtype: 'i32' })
      this.#made.push({ role: 'batch', name: POSITIONS, node })
      this.#positions = node
    }
    return this.#positions
  }

  #narrowed(shape: Shape, axis: number): Shape {
    return shape.map((extent, each) => (each === axis ? this.#length : extent))
  }

  #add(node: Node): number {
    return this.#nodes.push(node) - 1
  }
}

const INPUT = { op: 'input', inputs: [], attributes: {} } as const
const ZERO = { kind: 'constant', value: 0 } as const
