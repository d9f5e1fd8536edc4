/**
 * Finds computations in Programs by patterns that are data:
 *
 *     ['sub', 'w', ['mul', 'rate', 'g']]
 *
 * is w - rate * g. A text names the node that stands there; one that stands in several places must
 * be one node. `{ name, of }` names the node that a pattern is of. A product's factors may stand in
 * either order, which does not change a bit.
 */
import type { Node } from './node.js'
import type { OpName } from './op-table.js'

export type Pattern<Name extends string = string> =
  Name | readonly [op: OpName, ...operands: Pattern<Name>[]] | { readonly name: Name; readonly of: Pattern<Name> }

export interface Match<Name extends string = string> {
  readonly nodes: Readonly<Record<Name, number>>
  /** The nodes of the pattern's ops. */
  readonly inside: ReadonlySet<number>
}

/** Where a pattern is looked for. */
export interface Searched<Name extends string = string> {
  node(index: number): Node
  /** The number that a name gets where a node stands; undefined where it may not stand. */
  capture(name: Name, index: number): number | undefined
}

export function matchPattern<Name extends string>(
  pattern: Pattern<Name>,
  index: number,
  searched: Searched<Name>,
): Match<Name> | undefined {
  const operands = operandsOf(pattern)
  for (const found of ways(searched, pattern, index, { nodes: {}, inside: new Set() })) {
    // What is computed on the way is no operand: it is gone where one op takes the place of all.
    if (operands.every((name) => !found.inside.has(found.nodes[name] ?? -1))) return found
  }
  return undefined
}

/** The names that are of no pattern inside of this one. */
function operandsOf<Name extends string>(pattern: Pattern<Name>): Name[] {
  const [texts, named] = [new Set<Name>(), new Set<Name>()]
  const collect = (each: Pattern<Name>): void => {
    if (typeof each === 'string') texts.add(each)
    else if ('of' in each) {
      named.add(each.name)
      collect(each.of)
    } else {
      const [, ...operands] = each
      operands.forEach(collect)
    }
  }
  collect(pattern)
  return [...texts].filter((name) => !named.has(name))
}

/** In each way that there is, what has been found before with what is found here. */
function* ways(searched: Searched, pattern: Pattern, index: number, found: Match): Generator<Match> {
  if (typeof pattern === 'string') {
    yield* named(pattern, searched.capture(pattern, index), found)
  } else if ('of' in pattern) {
    for (const way of ways(searched, pattern.of, index, found)) {
      yield* named(pattern.name, index, way)
    }
  } else {
    const [op, ...operands] = pattern
    const node = searched.node(index)
    if (node.op !== op) return
    const within = { ...found, inside: new Set(found.inside).add(index) }
    yield* all(searched, operands, node.inputs, within)
    if (op === 'mul') yield* all(searched, operands, node.inputs.toReversed(), within)
  }
}

function* all(
  searched: Searched,
  [pattern, ...patterns]: readonly Pattern[],
  [index, ...indices]: readonly number[],
  found: Match,
): Generator<Match> {
  if (pattern === undefined || index === undefined) yield found
  else {
    for (const way of ways(searched, pattern, index, found)) {
      yield* all(searched, patterns, indices, way)
    }
  }
}

function* named(name: string, node: number | undefined, found: Match): Generator<Match> {
  if (node === undefined || (found.nodes[name] ?? node) !== node) return
  yield { ...found, nodes: { ...found.nodes, [name]: node } }
}
