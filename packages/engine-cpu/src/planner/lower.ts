/**
 * Rewrites a Program so that kernels can do it:
 *
 * - a reduction over axes that are not adjacent becomes several, the innermost axes first;
 * - an output that is nothing but an input by another name becomes a copy of it, since the input's memory may be overwritten.
 */
import { Program, type Node, type Output } from '@gradpool/core'
import { isAlias } from './aliases.js'

export function lower(program: Program): Program {
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
        // Segments are of axis 0, which is in the first run.
        const attributes = { ...node.attributes, axes: runs[0] ?? [] }
        node = { ...node, inputs: [nodes.length - 1], attributes }
      }
    }
    nodes.push(node)
    moved.push(nodes.length - 1)
  }
  const output = ({ name, node }: Output): Output => {
    const index = at(node)
    if (!isInputByAnotherName(nodes, index)) return { name, node: index }
    const { shape, dtype } = program.node(node)
    nodes.push({
      op: 'slice',
      inputs: [index],
      attributes: { starts: shape.map(() => 0) },
      shape,
      dtype,
    })
    return { name, node: nodes.length - 1 }
  }
  const inputs = program.inputs.map((input) => ({ ...input, node: at(input.node) }))
  const unchanged = new Set(
    inputs.filter(({ role }) => role === 'state').map(({ name, node }) => `${name} ${node}`),
  )
  return new Program({
    nodes,
    inputs,
    updates: program.updates
      .filter(({ name, node }) => !unchanged.has(`${name} ${at(node)}`))
      .map(output),
    results: program.results.map(output),
  })
}

function adjacentRuns(axes: unknown): number[][] {
  const runs: number[][] = []
  for (const axis of Array.isArray(axes) ? (axes as number[]) : []) {
    const run = runs.at(-1) ?? []
    if (run.at(-1) === axis - 1) run.push(axis)
    else runs.push([axis])
  }
  return runs
}

function isInputByAnotherName(nodes: readonly Node[], index: number): boolean {
  const node = nodes[index]
  const first = node?.inputs[0]
  if (node === undefined || first === undefined) return node !== undefined
  const operand = nodes[first]
  return operand !== undefined && isAlias(node, operand) && isInputByAnotherName(nodes, first)
}
