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

/** Tries each way that there is: what was found on one that ends nowhere is forgotten. */
class Search<Name extends string> {
  readonly #searched: Searched<Name>
  readonly #nodes = new Map<Name, number>()
  readonly #inside: number[] = []
  /** Names of patterns, not of operands. */
  readonly #computed = new Set<Name>()

  constructor(searched: Searched<Name>) {
    this.#searched = searched
  }

  match(pattern: Pattern<Name>, index: number): Match<Name> | undefined {
    if (!this.#find(pattern, index, this.#isApart)) return undefined
    // Each name of the pattern has a node now.
    const nodes = Object.fromEntries(this.#nodes) as Record<Name, number>
    return { nodes, inside: new Set(this.#inside) }
  }

  /** Whether no operand is computed on the way: what is, is gone where one op takes the place of all. */
  readonly #isApart = (): boolean => {
    for (const [name, node] of this.#nodes) {
      if (!this.#computed.has(name) && this.#inside.includes(node)) return false
    }
    return true
  }

  /** Whether the pattern is at a node, and then the rest is found as well. */
  #find(pattern: Pattern<Name>, index: number, rest: () => boolean): boolean {
    if (typeof pattern === 'string') return this.#name(pattern, this.#searched.capture(pattern, index), rest)
    if ('of' in pattern) {
      this.#computed.add(pattern.name)
      return this.#find(pattern.of, index, () => this.#name(pattern.name, index, rest))
    }
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
