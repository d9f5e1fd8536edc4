/**
 * Programs made from Programs. Whoever changes a Program says what becomes of its nodes; their
 * numbers are looked after here.
 */
import { type Node, nodeLike } from './node.js'
import { Program, type State } from './program.js'
import type { Input, ProgramData } from './program-data.js'

/** The new number of each node by its old one; undefined for a node that is gone. */
type Places = readonly (number | undefined)[]

/**
 * The Program in which each node is what `map` makes of it.
 *
 * @param map gets a node that reads the new nodes, and its old number; it may `add` nodes that come
 *   before what it returns
 */
export function mapNodes(
  program: Program,
  map: (node: Node, index: number, add: (node: Node) => number) => Node,
): Program {
  const nodes: Node[] = []
  const places: number[] = []
  const add = (node: Node): number => nodes.push(node) - 1
  program.nodes.forEach((node, index) => {
    places.push(add(map(reading(node, places), index, add)))
  })
  return renumber(program, nodes, places)
}

/**
 * The Program without the nodes that no output needs; itself where there are none.
 *
 * @param keepStates whether states stay that nothing reads or updates
 */
export function prune(program: ProgramData, { keepStates }: { keepStates: boolean }): Program {
  const live = liveNodes(program, { keepStates })
  if (program instanceof Program && !live.includes(false)) return program
  const nodes: Node[] = []
  const places: (number | undefined)[] = []
  program.nodes.forEach((node, index) => {
    places.push(live[index] ? nodes.push(reading(node, places)) - 1 : undefined)
  })
  return renumber(program, nodes, places)
}

/** Of each node, whether `prune` keeps it. */
export function liveNodes(program: ProgramData, { keepStates }: { keepStates: boolean }): readonly boolean[] {
  const updated = new Set(program.updates.map(({ name }) => name))
  const kept = program.inputs.filter(({ role, name }) => role === 'state' && (keepStates || updated.has(name)))
  const { nodes } = program
  const live = new Array<boolean>(nodes.length).fill(false)
  for (const { node } of [...program.updates, ...program.results, ...kept]) live[node] = true
  for (let index = nodes.length - 1; index >= 0; index--) {
    if (live[index]) nodes[index]?.inputs.forEach((input) => (live[input] = true))
  }
  return live
}

/** The Program in which some nodes are states: `node` is the number of each. */
export function substitute(program: Program, states: readonly State[]): Program {
  const inputs = states.map(({ name, node, initializer }): Input => {
    return { role: 'state', name, node, initializer }
  })
  const substituted = new Set(states.map(({ node }) => node))
  const nodes = program.nodes.map((node, index): Node => {
    if (!substituted.has(index)) return node
    return { op: 'input', inputs: [], attributes: {}, shape: node.shape, dtype: node.dtype }
  })
  return new Program({ ...program.toJSON(), nodes, inputs: [...program.inputs, ...inputs] })
}

/** The Program whose states have other names. */
export function renameStates(program: Program, nameOf: (name: string) => string): Program {
  return new Program({
    ...program.toJSON(),
    inputs: program.inputs.map((input) => {
      if (input.role !== 'state') return input
      const { name, initializer } = input
      const first = initializer.kind === 'sameAs' ? { ...initializer, state: nameOf(initializer.state) } : initializer
      return { ...input, name: nameOf(name), initializer: first }
    }),
    updates: program.updates.map((update) => ({ ...update, name: nameOf(update.name) })),
  })
}

function renumber(program: ProgramData, nodes: readonly Node[], places: Places): Program {
  const moved = <Named extends { readonly node: number }>(items: readonly Named[]): Named[] =>
    items.flatMap((item) => {
      const node = places[item.node]
      return node === undefined ? [] : [{ ...item, node }]
    })
  const { inputs, updates, results } = program
  return new Program({
    nodes,
    inputs: moved(inputs),
    updates: moved(updates),
    results: moved(results),
  })
}

/** The node that reads its operands at their new numbers; itself where these are the old ones. */
function reading(node: Node, places: Places): Node {
  if (node.inputs.every((input) => places[input] === input)) return node
  const inputs: number[] = []
  for (const input of node.inputs) inputs.push(places[input] ?? -1)
  return nodeLike(node, inputs, node)
}
