/**
 * Rewrites a Program into one that the kernels can run:
 *
 * - what no output needs is dropped: a Program from a file may have such nodes;
 * - a reduction over axes that are not adjacent becomes several, the innermost axes first;
 * - a sum over the first axis and the next ones, but not of all elements, sums those of each index of the first axis on
 *   their own: so workers that share the examples of a batch each add up what they have made;
 * - an output that is an alias of an input becomes a copy, since the input's memory may be overwritten.
 */
import type { Shape } from '@gradpool/core'
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
  const operandShape = (node: Node): Shape => program.node(node.inputs[0] ?? 0).shape
  const isSplit = (node: Node): boolean => isReduction(node) && stages(node, operandShape(node)).length > 1
  if (!program.nodes.some(isSplit)) return program
  return mapNodes(program, (node, index, add) => {
    if (!isReduction(node)) return node
    let shape = operandShape(program.node(index))
    const [first = [], ...inner] = stages(node, shape)
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

/** The axes that are reduced together, the last of which are reduced first. */
function stages({ op, attributes: { axes } }: NodeOf<'sum' | 'reduceMax'>, shape: Shape): readonly number[][] {
  const runs = adjacentRuns(axes)
  const [[first, ...next] = []] = runs
  const isWhole = shape.every((extent, axis) => extent === 1 || axes.includes(axis))
  if (op !== 'sum' || first !== 0 || next.length === 0 || isWhole) return runs
  return [[first], next, ...runs.slice(1)]
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
