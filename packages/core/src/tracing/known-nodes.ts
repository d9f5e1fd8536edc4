/**
 * The nodes of a trace by what they compute: a table from a hash of their parts to their numbers.
 */
import { sameShape } from '../program/dtype.js'
import type { Attribute, Attributes } from '../program/attributes.js'
import type { Node } from '../program/node.js'
import { OPS } from '../program/op-table.js'

const OP_NUMBERS = new Map(Object.keys(OPS).map((op, number) => [op, number]))

export class KnownNodes {
  readonly #nodes: readonly Node[]
  /** By hash, the number of the last node added. */
  readonly #last = new Map<number, number>()
  /** By number, that of the node of the same hash added before. */
  readonly #before = new Map<number, number>()

  /** @param nodes by number; nodes are added here before they are there */
  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes
  }

  /** The number of a node that computes the same; if there is none, this is the next of the nodes. */
  findOrAdd(node: Node): number | undefined {
    const hash = hashOf(node)
    const last = this.#last.get(hash)
    for (let number = last; number !== undefined; number = this.#before.get(number)) {
      const known = this.#nodes[number]
      if (known && isSame(known, node)) return number
    }
    const number = this.#nodes.length
    this.#last.set(hash, number)
    if (last !== undefined) this.#before.set(number, last)
    return undefined
  }
}

function hashOf({ op, inputs, attributes, shape }: Node): number {
  let hash = OP_NUMBERS.get(op) ?? 0
  for (const input of inputs) hash = mixed(hash, input)
  for (const extent of shape) hash = mixed(hash, extent)
  for (const value of Object.values<Attribute>(attributes)) {
    if (typeof value === 'object') for (const item of value) hash = mixed(hash, item)
    // Numbers below 1 differ in the digits that whole numbers lack.
    else hash = mixed(hash, typeof value === 'number' ? value : Number(value === true))
  }
  return hash
}

function mixed(hash: number, value: number): number {
  const bits = Number.isInteger(value) ? value : value * 2 ** 52
  const product = Math.imul(hash ^ bits ^ (bits / 2 ** 32), 0x9e3779b1)
  return product ^ (product >>> 15)
}

function isSame(a: Node, b: Node): boolean {
  return (
    a.op === b.op &&
    a.dtype === b.dtype &&
    sameShape(a.inputs, b.inputs) &&
    sameShape(a.shape, b.shape) &&
    haveSameValues(a.attributes, b.attributes)
  )
}

function haveSameValues(a: Attributes, b: Attributes): boolean {
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => isSameValue(a[name], b[name]))
}

function isSameValue(a: Attribute | undefined, b: Attribute | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b
  return a.length === b.length && a.every((item, i) => item === b[i])
}
