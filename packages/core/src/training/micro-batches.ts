/**
 * Micro-batches: a batch is cut into a fixed number of parts, and what examples have in common
 * (gradients, losses, statistics) is the sum of the parts' own sums, in order.
 *
 * The number of microBatches belongs to the computation, as the batch size does: it decides how
 * sums round. How many workers share the work decides nothing.
 */
import { type BatchAxis, batchAxes } from '../program/batch-axis.js'
import type { Node } from '../program/node.js'
import type { Program } from '../program/program.js'
import { mapNodes } from '../program/rewrite.js'

/**
 * The Program whose sums over the batch are made of those of `microBatches` parts; of as many as
 * there are examples, if those are fewer. What is summed over more than the examples is first
 * summed for each of them. Products of stacks of matrices stay whole, and so do sums over several
 * rows of each example.
 */
export function withMicroBatches(program: Program, microBatches: number): Program {
  const axes = batchAxes(program)
  const batchSize = program.fields[0]?.shape[0]
  return mapNodes(program, (node, index, add) => {
    const original = program.node(index)
    const rows = summedRows(program, axes, original)
    const segments = rows === batchSize ? Math.min(microBatches, rows) : 1
    if (segments === 1) return node
    if (node.op === 'matmul') return { ...node, attributes: { ...node.attributes, segments } }
    if (node.op === 'convFilter') return { ...node, attributes: { ...node.attributes, segments } }
    if (node.op !== 'sum') return node
    const [first = 0, ...inner] = node.attributes.axes
    if (inner.length === 0) return { ...node, attributes: { axes: [first], segments } }
    const from = program.node(original.inputs[0] ?? 0).shape
    const shape = from.filter((_, axis) => !inner.includes(axis))
    const perExample = add({ ...node, attributes: { axes: inner }, shape })
    return { ...node, inputs: [perExample], attributes: { axes: [first], segments } }
  })
}

/** Over how many rows of examples a node sums; 1 where it does not. */
function summedRows(program: Program, axes: readonly BatchAxis[], node: Node): number {
  const axisOf = (position: number) => axes[node.inputs[position] ?? -1]
  const shapeOf = (position: number) => program.node(node.inputs[position] ?? 0).shape
  if (node.op === 'sum') {
    const summed = node.attributes.axes[0] === 0 && axisOf(0) === 0
    return summed ? (shapeOf(0)[0] ?? 1) : 1
  }
  if (node.op === 'convFilter') return axisOf(0) === 0 && axisOf(1) === 0 ? (shapeOf(0)[0] ?? 1) : 1
  if (node.op === 'matmul' && node.shape.length === 2) {
    const { transposeA = false, transposeB = false } = node.attributes
    const inner = transposeA ? 0 : 1
    const summed = axisOf(0) === inner || axisOf(1) === (transposeB ? 1 : 0)
    return summed ? (shapeOf(0)[inner] ?? 1) : 1
  }
  return 1
}
