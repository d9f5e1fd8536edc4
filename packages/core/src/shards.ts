/**
 * Micro-shards: a batch is cut into a fixed number of parts, and what examples have in common (gradients, losses,
 * statistics) is the sum of the parts' own sums, in order.
 *
 * The number of shards belongs to the computation, as the batch size does: it decides how sums round. How many workers share the
 * work decides nothing.
 */
import { batchAxes } from './batch-axis.js'
import { Program, type Node } from './program.js'

/** The Program whose sums over the batch are made of those of `shards` parts; of as many as there are examples, if those are fewer. */
export function shardSums(program: Program, shards: number): Program {
  const axes = batchAxes(program)
  const nodes = program.nodes.map((node): Node => {
    const extent = summedExamples(program, axes, node)
    const segments = Math.min(shards, extent)
    if (segments < 2) return node
    return { ...node, attributes: { ...node.attributes, segments } }
  })
  return new Program({ ...program.toJSON(), nodes })
}

/** Over how many examples a node sums; 1 where it does not. */
function summedExamples(program: Program, axes: ReturnType<typeof batchAxes>, node: Node): number {
  const axisOf = (position: number) => axes[node.inputs[position] ?? -1]
  const shapeOf = (position: number) => program.node(node.inputs[position] ?? 0).shape
  if (node.op === 'sum') {
    const summed = (node.attributes.axes as readonly number[])[0] === 0 && axisOf(0) === 0
    return summed ? (shapeOf(0)[0] ?? 1) : 1
  }
  if (node.op === 'matmul') {
    const inner = node.attributes.transposeA === true ? 0 : 1
    const summed =
      axisOf(0) === inner || axisOf(1) === (node.attributes.transposeB === true ? 1 : 0)
    return summed ? (shapeOf(0)[inner] ?? 1) : 1
  }
  return 1
}

/** Cuts `extent` into parts as even as can be, the longer ones first: their first index and length. */
export function segmentsOf(extent: number, count: number): { start: number; length: number }[] {
  const [least, longer] = [Math.floor(extent / count), extent % count]
  return Array.from({ length: count }, (_, i) => ({
    start: i * least + Math.min(i, longer),
    length: least + (i < longer ? 1 : 0),
  }))
}
