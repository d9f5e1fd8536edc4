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
  return new Search(searched).match(pattern, index)
}

/** The names that are of no pattern inside of this one. */
function operandsOf<Name extends string>(pattern: Pattern<Name>): readonly Name[] {
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

/** Tries each way that there is: what was found on one that ends nowhere is forgotten. */
class Search<Name extends string> {
  readonly #searched: Searched<Name>
  readonly #nodes = new Map<Name, number>()
  readonly #inside: number[] = []

  constructor(searched: Searched<Name>) {
    this.#searched = searched
  }

  match(pattern: Pattern<Name>, index: number): Match<Name> | undefined {
    // What is computed on the way is no operand: it is gone where one op takes the place of all.
    const isApart = () => operandsOf(pattern).every((name) => !this.#inside.includes(this.#nodes.get(name) ?? -1))
    if (!this.#find(pattern, index, isApart)) return undefined
    // Each name of the pattern has a node now.
    const nodes = Object.fromEntries(this.#nodes) as Record<Name, number>
    return { nodes, inside: new Set(this.#inside) }
  }

  /** Whether the pattern is at a node, and then the rest is found as well. */
  #find(pattern: Pattern<Name>, index: number, rest: () => boolean): boolean {
    if (typeof pattern === 'string') return this.#name(pattern, this.#searched.capture(pattern, index), rest)
    if ('of' in pattern) return this.#find(pattern.of, index, () => this.#name(pattern.name, index, rest))
    const [op, ...operands] = pattern
    const node = this.#searched.node(index)
    if (node.op !== op) return false
    this.#inside.push(index)
    if (this.#findAll(operands, node.inputs, rest)) return true
    if (op === 'mul' && this.#findAll(operands, node.inputs.toReversed(), rest)) return true
    this.#inside.pop()
    return false
  }

  #findAll(patterns: readonly Pattern<Name>[], indices: readonly number[], rest: () => boolean, from = 0): boolean {
    const [pattern, index] = [patterns[from], indices[from]]
    if (pattern === undefined || index === undefined) return rest()
    return this.#find(pattern, index, () => this.#findAll(patterns, indices, rest, from + 1))
  }

  #name(name: Name, node: number | undefined, rest: () => boolean): boolean {
    if (node === undefined) return false
    const known = this.#nodes.get(name)
    if (known !== undefined) return known === node && rest()
    this.#nodes.set(name, node)
    if (rest()) return true
    this.#nodes.delete(name)
    return false
  }
}
