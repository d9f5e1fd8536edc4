/**
 * Which axis of each value runs over the examples of the batch.
 *
 * A value has a batch axis if its part for one example follows from that example alone (and from
 * values that have none, such as weights). All work on such values can be shared out by examples.
 * The first axis may have several rows of each example, one after the other, as where time steps
 * are rows. Where examples meet, in the sums that make gradients, losses and the statistics of a
 * batch, the axis ends.
 */
import { sizeOf } from './dtype.js'
import type { Node, NodeOf } from './node.js'
import type { Program } from './program.js'

/** An axis; undefined where there is none, or the value depends on several examples. */
export type BatchAxis = number | undefined

/** The batch axis of each node. */
export function batchAxes(program: Program): BatchAxis[] {
  const { fields } = program
  const batchSize = fields[0]?.shape[0]
  const fieldNodes = new Set(fields.map(({ node }) => node))
  const axes: BatchAxis[] = []
  program.nodes.forEach((node, index) => {
    const operands = node.inputs.map((input) => ({ node: program.nodes[input], axis: axes[input] }))
    // Random numbers are made element by element.
    const isLeaf = fieldNodes.has(index) || (node.op === 'random' && node.shape[0] === batchSize)
    axes.push(isLeaf ? 0 : axisOf(node, operands, batchSize))
  })
  return axes
}

type Operand = { readonly node: Node | undefined; readonly axis: BatchAxis }

function axisOf(node: Node, operands: readonly Operand[], batchSize = 1): BatchAxis {
  const { shape } = node
  const [first, second] = operands
  const axis = first?.axis
  const from = first?.node?.shape ?? []
  switch (node.op) {
    case 'input':
    case 'constant':
    case 'random':
    case 'scatterAdd':
      return undefined
    case 'matmul':
      return productAxis(node, axis, second?.axis)
    case 'conv':
    case 'convTranspose':
      return axis === 0 && second?.axis === undefined ? 0 : undefined
    case 'convFilter':
      return undefined
    case 'sort':
    case 'sortSpread': {
      const shared = common(operands)
      return shared === shape.length - 1 ? undefined : shared
    }
    case 'maxPool':
    case 'maxPoolSpread':
      return axis === 0 && second?.axis === 0 ? 0 : undefined
    case 'gather':
      return axis === undefined ? second?.axis : undefined
    case 'concat': {
      const shared = common(operands)
      return shared === node.attributes.axis ? undefined : shared
    }
    default:
      if (operands.length > 1) return common(operands)
  }
  if (axis === undefined) return undefined
  switch (node.op) {
    case 'sum':
    case 'reduceMax': {
      const reduced = node.attributes.axes
      return reduced.includes(axis) ? undefined : axis - reduced.filter((r) => r < axis).length
    }
    case 'argMax':
    case 'softmax':
    case 'logSoftmax':
      return axis === from.length - 1 ? undefined : axis
    case 'broadcast': {
      const moved = axis + shape.length - from.length
      return shape[moved] === from[axis] ? moved : undefined
    }
    case 'transpose':
      return node.attributes.permutation.indexOf(axis)
    case 'slice':
    case 'pad':
      return shape[axis] === from[axis] ? axis : undefined
    case 'reshape': {
      if (axis === 0 && (shape[0] ?? 1) % batchSize === 0) return 0
      const before = sizeOf(from.slice(0, axis))
      const moved = shape.findIndex((extent, i) => extent === from[axis] && sizeOf(shape.slice(0, i)) === before)
      return moved < 0 ? undefined : moved
    }
    default:
      return axis
  }
}

/** The one axis that all operands that have one agree on. */
function common(operands: readonly Operand[]): BatchAxis {
  const axes = new Set(operands.flatMap(({ axis }) => axis ?? []))
  return axes.size === 1 ? [...axes][0] : undefined
}

function productAxis({ attributes, shape }: NodeOf<'matmul'>, a: BatchAxis, b: BatchAxis): BatchAxis {
  // Of stacks of matrices, each product is of one matrix of either.
  if (shape.length > 2) {
    const isOfStack = (axis: BatchAxis) => axis === undefined || axis < shape.length - 2
    return [a, b].every(isOfStack) && (a ?? b) === (b ?? a) ? (a ?? b) : undefined
  }
  if (a !== undefined && b !== undefined) return undefined
  if (a !== undefined) return a === (attributes.transposeA === true ? 1 : 0) ? 0 : undefined
  return b !== undefined && b === (attributes.transposeB === true ? 0 : 1) ? 1 : undefined
}
