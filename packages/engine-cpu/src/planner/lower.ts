/**
 * Rewrites a Program into one that the kernels can run:
 *
 * - what no output needs is dropped: a Program from a file may have such nodes;
 * - a reduction over axes that are not adjacent becomes several, the innermost axes first;
 * - an output that is an alias of an input becomes a copy, since the input's memory may be overwritten.
 */
import { mapNodes, Program, prune, type Node, type NodeOf, type Output } from '@gradpool/core/engine'
import { isAlias } from './aliases.js'

export function lower(given: Program): Program {
  const split = splitReductions(prune(given, { keepStates: true }))
  const nodes = [...split.nodes]
  const copied = <Named extends Output>(output: Named): Named => {
    if (!isInputByAnotherName(nodes, output.node)) return output
    const { shape, dtype } = split.node(output.node)
    const attributes = { starts: shape.map(() => 0) }
    const node = nodes.push({ op: 'slice', inputs: [output.node], attributes, shape, dtype }) - 1
    return { ...output, node }
  }
  const stateNodes = new Map(split.states.map(({ name, node }) => [name, node]))
  const updates = split.updates.filter(({ name, node }) => stateNodes.get(name) !== node)
  return new Program({
    inputs: split.inputs,
    updates: updates.map(copied),
    results: split.results.map(copied),
    nodes,
  })
}

function splitReductions(program: Program): Program {
  if (!program.nodes.some((node) => isReduction(node) && adjacentRuns(node.attributes.axes).length > 1)) return program
  return mapNodes(program, (node, index, add) => {
    if (!isReduction(node)) return node
    let { shape } = program.node(program.node(index).inputs[0] ?? 0)
    const [first = [], ...inner] = adjacentRuns(node.attributes.axes)
    let { inputs } = node
    for (const axes of inner.reverse()) {
      shape = shape.filter((_, axis) => !axes.includes(axis))
      inputs = [add({ ...node, inputs, attributes: { axes }, shape })]
    }
    // Segments are of axis 0, which is in the first run.
    return { ...node, inputs, attributes: { ...node.attributes, axes: first } }
  })
}

function isReduction(node: Node): node is NodeOf<'sum' | 'reduceMax'> {
  return node.op === 'sum' || node.op === 'reduceMax'
}

function adjacentRuns(axes: readonly number[]): number[][] {
  const runs: number[][] = []
  for (const axis of axes) {
    const run = runs.at(-1)
    if (run?.at(-1) === axis - 1) run.push(axis)
    else runs.push([axis])
  }
  return runs
}

function isInputByAnotherName(nodes: readonly Node[], index: number): boolean {
  let node = nodes[index]
  for (;;) {
    const [first] = node?.inputs ?? []
    if (node === undefined || first === undefined) return node !== undefined
    const operand = nodes[first]
    if (operand === undefined || !isAlias(node, operand)) return false
    node = operand
  }
}
