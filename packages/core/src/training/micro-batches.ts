/**
 * Micro-batches: a batch is cut into a fixed number of parts, and what examples have in common (gradients, losses,
 * statistics) is the sum of the parts' own sums, in order.
 *
 * The number of microBatches belongs to the computation, as the batch size does: it decides how sums round. How many workers share the
 * work decides nothing.
 */
import { batchAxes } from '../program/batch-axis.js'
import { Program, type Node } from '../program/program.js'

/**
 * The Program whose sums over the batch are made of those of `microBatches` parts; of as many as there are examples, if those are
 * fewer. What is summed over more than the examples is first summed for each of them. Products of stacks of matrices stay
 * whole.
 */
export function withMicroBatches(program: Program, microBatches: number): Program {
  const axes = batchAxes(program)
  const nodes: Node[] = []
  const moved: number[] = []
  const at = (index: number): number => moved[index] ?? 0
  for (const original of program.nodes) {
    let node: Node = { ...original, inputs: original.inputs.map(at) }
    const segments = Math.min(microBatches, summedExamples(program, axes, original))
    if (segments > 1) {
      const [, ...inner] = node.op === 'sum' ? axesOf(node) : []
      if (inner.length > 0) {
        const from = program.node(original.inputs[0] ?? 0).shape
        const shape = from.filter((_, axis) => !inner.includes(axis))
        nodes.push({ ...node, attributes: { axes: inner }, shape })
        node = { ...node, inputs: [nodes.length - 1], attributes: { axes: [0] } }
      }
      node = { ...node, attributes: { ...node.attributes, segments } }
    }
    nodes.push(node)
    moved.push(nodes.length - 1)
  }
  const placed = <T extends { readonly node: number }>(each: T): T => ({
    ...each,
    node: at(each.node),
  })
  return new Program({
    nodes,
    inputs: program.inputs.map(placed),
    updates: program.updates.map(placed),
    results: program.results.map(placed),
  })
}

function axesOf({ attributes: { axes } }: Node): readonly number[] {
  return Array.isArray(axes) ? (axes as readonly number[]) : []
}

/** Over how many examples a node sums; 1 where it does not. */
function summedExamples(program: Program, axes: ReturnType<typeof batchAxes>, node: Node): number {
  const axisOf = (position: number) => axes[node.inputs[position] ?? -1]
  const shapeOf = (position: number) => program.node(node.inputs[position] ?? 0).shape
  if (node.op === 'sum') {
    const summed = axesOf(node)[0] === 0 && axisOf(0) === 0
    return summed ? (shapeOf(0)[0] ?? 1) : 1
  }
  if (node.op === 'matmul' && node.shape.length === 2) {
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
