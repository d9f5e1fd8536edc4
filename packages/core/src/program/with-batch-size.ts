/**
 * The Program of another number of examples: what a file has for a block of rows becomes what another runtime takes any
 * number of rows by.
 *
 * A value that has a batch axis (batch-axis.ts) is as long along it as there are examples. One that has none, as a
 * constant beside the examples, takes the axis of what reads it.
 */
import { ShapeError, UserError } from '../errors.js'
import { batchAxes, type BatchAxis } from './batch-axis.js'
import { sameShape, type Shape, sizeOf } from './dtype.js'
import { MAX_ELEMENTS } from './limits.js'
import type { Node } from './node.js'
import { Program } from './program.js'
import { inferNode } from './shape-inference.js'

/**
 * The Program for a batch of so many examples.
 *
 * @throws UserError that names the op, where a value depends on how many there are
 */
export function withBatchSize(program: Program, batchSize: number): Program {
  const before = program.fields[0]?.shape[0] ?? batchSize
  if (before === batchSize) return program
  const axes = askedAxes(program, before)
  const states = new Set(program.states.map(({ node }) => node))
  const nodes: Node[] = []
  program.nodes.forEach((node, index) => {
    const axis = states.has(index) ? undefined : axes[index]
    const shape = node.shape.map((extent, at) => (at === axis ? (extent / before) * batchSize : extent))
    nodes.push(resized(node, shape, nodes))
  })
  return new Program({ ...program.toJSON(), nodes })
}

/** No extent of a usual Program is a multiple of one of these. The small ones are for values with many elements. */
const MARKERS = [99_991, 99_989, 1_009, 1_013, 101, 103]

/**
 * The Program for a batch of so many examples, a prime number, that an extent is a multiple of it where it depends on
 * how many there are, and nowhere else.
 *
 * @throws UserError as `withBatchSize`, and where values would be too large
 */
export function withMarkedBatch(program: Program): { readonly program: Program; readonly marker: number } {
  const rows = program.fields[0]?.shape[0] ?? 1
  const largest = program.nodes.reduce((most, { shape }) => Math.max(most, sizeOf(shape)), 0)
  const marker = MARKERS.find((prime) => {
    const isFree = program.nodes.every(({ shape }) => shape.every((extent) => extent % prime !== 0))
    return isFree && (largest / rows) * prime <= MAX_ELEMENTS
  })
  if (marker === undefined) {
    throw new UserError(`a model cannot be exported of which a value of one example has ${largest / rows} elements`)
  }
  return { program: withBatchSize(program, marker), marker }
}

/** Of each node the axis that runs over the examples, those of constants that are read beside them included. */
function askedAxes(program: Program, batchSize: number): BatchAxis[] {
  const axes = batchAxes(program)
  for (let index = program.nodes.length - 1; index >= 0; index--) {
    const [node, axis] = [program.nodes[index], axes[index]]
    if (node === undefined || axis === undefined) continue
    node.inputs.forEach((input, place) => {
      const from = program.node(input).shape
      const asked = axes[input] ?? askedOf(node, { axis, from, place, batchSize })
      if (asked !== undefined && (from[asked] ?? 1) % batchSize === 0) axes[input] = asked
    })
  }
  return axes
}

interface Asked {
  /** Of the node's value. */
  readonly axis: number
  /** The shape of the operand, and which it is. */
  readonly from: Shape
  readonly place: number
  readonly batchSize: number
}

/** The axis of an operand that is as long as that axis of the value; undefined where there is none. */
function askedOf(node: Node, { axis, from, place, batchSize }: Asked): BatchAxis {
  const { shape } = node
  switch (node.op) {
    case 'input':
    case 'constant':
    case 'random':
    case 'scatterAdd':
    case 'convFilter':
      return undefined
    case 'broadcast': {
      const asked = axis - shape.length + from.length
      return from[asked] === shape[axis] ? asked : undefined
    }
    case 'reshape': {
      if (axis === 0 && (from[0] ?? 1) % batchSize === 0) return 0
      const before = sizeOf(shape.slice(0, axis))
      const asked = from.findIndex((extent, at) => extent === shape[axis] && sizeOf(from.slice(0, at)) === before)
      return asked < 0 ? undefined : asked
    }
    case 'transpose':
      return node.attributes.permutation[axis]
    case 'sum':
    case 'reduceMax': {
      const { axes } = node.attributes
      return from.flatMap((_, at) => (axes.includes(at) ? [] : at))[axis]
    }
    case 'gather':
      return place === 1 && axis === 0 ? 0 : undefined
    case 'matmul': {
      if (shape.length > 2) return axis < shape.length - 2 ? axis : undefined
      const { transposeA = false, transposeB = false } = node.attributes
      if (axis !== place) return undefined
      return Number(place === 0 ? transposeA : !transposeB)
    }
    case 'conv':
    case 'convTranspose':
      return place === 0 ? axis : undefined
    case 'concat':
      return axis === node.attributes.axis ? undefined : axis
    default:
      return axis
  }
}

function resized(node: Node, shape: Shape, before: readonly Node[]): Node {
  const refuse = () => {
    throw new UserError(`"${node.op}" depends on how many examples there are`)
  }
  const isOfBatch = !sameShape(shape, node.shape)
  if (isOfBatch && node.op === 'constant' && typeof node.attributes.values === 'object') refuse()
  const operands = node.inputs.flatMap((input) => before[input] ?? [])
  try {
    const made = inferNode({ ...node, shape }, operands)
    return sameShape(made.shape, shape) ? made : refuse()
  } catch (error) {
    if (error instanceof ShapeError) return refuse()
    throw error
  }
}
