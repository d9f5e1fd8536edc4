/**
 * Kernels reduce over adjacent axes. A reduction over others becomes several, the innermost axes first.
 */
import { Program, type Node, type Output } from '@gradpool/core'

export function splitReductions(program: Program): Program {
  const nodes: Node[] = []
  const moved: number[] = []
  const at = (index: number): number => moved[index] ?? 0
  for (const original of program.nodes) {
    let node: Node = { ...original, inputs: original.inputs.map(at) }
    if (node.op === 'sum' || node.op === 'reduceMax') {
      const runs = adjacentRuns(node.attributes.axes)
      for (const axes of runs.slice(1).reverse()) {
        const operand = nodes[node.inputs[0] ?? 0]
        const shape = (operand?.shape ?? []).filter((_, axis) => !axes.includes(axis))
        nodes.push({ ...node, attributes: { axes }, shape })
        node = { ...node, inputs: [nodes.length - 1], attributes: { axes: runs[0] ?? [] } }
      }
    }
    nodes.push(node)
    moved.push(nodes.length - 1)
  }
  const move = (output: Output): Output => ({ ...output, node: at(output.node) })
  return new Program({
    nodes,
    inputs: program.inputs.map((input) => ({ ...input, node: at(input.node) })),
    updates: program.updates.map(move),
    results: program.results.map(move),
  })
}

function adjacentRuns(axes: unknown): number[][] {
  const runs: number[][] = []
  for (const axis of Array.isArray(axes) ? (axes as number[]) : []) {
    const run = runs.at(-1)
    if (run && run.at(-1) === axis - 1) run.push(axis)
    else runs.push([axis])
  }
  return runs
}
