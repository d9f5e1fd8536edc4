/**
 * Groups the computed nodes of a graph into kernels, so that elementwise work is done while its operands are in cache.
 *
 * All fusions follow from one rule: an elementwise op joins the kernel that computes an operand of the same size,
 * either a pointwise program or a matmul (whose epilogue runs on each block of finished rows), unless another operand
 * depends on the whole result of that kernel. So a bias and an activation join their matmul, a loss and its gradient
 * the matmul that makes the prediction, and an optimizer's update the matmul of the weight gradient.
 */
import { invariant, type Node } from '@gradpool/core/engine'
import { POINTWISE } from '../instructions.js'
import type { Graph } from './graph.js'
import { TopologicalOrder } from './topological-order.js'

export interface Kernel {
  /** In topological order; the first of a product kernel is its product. */
  nodes: number[]
  readonly kind: 'pointwise' | 'product' | 'single'
  /** Elements that the pointwise program runs over; 0 for `single`. */
  readonly size: number
  /** Set for a product, and if an op reads a row or column. */
  columns: number | undefined
}

/** A pointwise program with no more nodes than there are temporary registers never runs out of them. */
const MAX_POINTWISE_NODES = POINTWISE.MAX_TEMPS

export class Kernels {
  readonly #graph: Graph
  readonly #of = new Map<number, Kernel>()
  readonly #order: TopologicalOrder<Kernel>
  readonly #users: ReadonlyMap<number, readonly number[]>
  readonly #isShared: boolean

  /**
   * @param isShared whether several workers may run the kernels together, each some of the elements of a pointwise
   *   program
   */
  constructor(graph: Graph, isShared: boolean) {
    this.#graph = graph
    this.#isShared = isShared
    this.#users = usersOf(graph)
    for (const index of graph.computed) this.#of.set(index, this.#own(index))
    this.#order = new TopologicalOrder(this.#of.values())
    for (const index of graph.computed) {
      if (graph.microOp(index) !== undefined) this.#joinOperands(index)
      else if (this.#isTotal(index)) this.#joinAsSum(index)
    }
  }

  /** All kernels, each after those that it needs. */
  get all(): Kernel[] {
    return this.#order.items
  }

  /** The kernel that computes a node; undefined for leaves. */
  of(index: number): Kernel | undefined {
    return this.#of.get(index)
  }

  users(index: number): readonly number[] {
    return this.#users.get(index) ?? []
  }

  #own(index: number): Kernel {
    const graph = this.#graph
    const node = graph.node(index)
    if (isProduct(node)) {
      return { nodes: [index], kind: 'product', size: graph.size(index), columns: node.shape.at(-1) }
    }
    if (graph.microOp(index) === undefined) return { nodes: [index], kind: 'single', size: 0, columns: undefined }
    const columns = graph.views(index).find((view) => view.columns !== undefined)?.columns
    return { nodes: [index], kind: 'pointwise', size: graph.size(index), columns }
  }

  #joinOperands(index: number): void {
    for (const view of this.#graph.views(index)) {
      if (view.kind === 'full') this.#join(index, view.node)
    }
  }

  /** Whether a node sums all elements in order, which a pointwise program can do alongside. */
  #isTotal(index: number): boolean {
    const node = this.#graph.node(index)
    if (this.#isShared || node.op !== 'sum') return false
    return node.attributes.segments === undefined && this.#graph.size(index) === 1
  }

  #joinAsSum(index: number): void {
    const [operand] = this.#graph.dependencies(index)
    if (operand !== undefined && this.#graph.microOp(operand) !== undefined) this.#join(index, operand)
  }

  #join(index: number, operand: number): void {
    const mine = this.#of.get(index)
    const theirs = this.#of.get(operand)
    if (!mine || !theirs || mine === theirs || theirs.kind === 'single') return
    if (mine.kind === 'product' && theirs.kind === 'product') return
    const isSum = mine.kind === 'single'
    if (!isSum && mine.size !== theirs.size) return
    if ((mine.columns ?? theirs.columns) !== (theirs.columns ?? mine.columns)) return
    if (!this.#fitsOneProgram([...mine.nodes, ...theirs.nodes])) return
    if (!this.#readsElementwise(mine, theirs)) return
    const between = this.#order.between(theirs, mine, (kernel) => this.#needs(kernel))
    if (between === undefined) return
    this.#order.moveBefore(between, theirs)
    const [host, guest] = mine.kind === 'product' ? [mine, theirs] : [theirs, mine]
    const product = host.kind === 'product' ? host.nodes[0] : undefined
    host.nodes = [...host.nodes, ...guest.nodes].sort((a, b) => (a === product ? -1 : b === product ? 1 : a - b))
    host.columns ??= guest.columns
    for (const node of guest.nodes) this.#of.set(node, host)
    this.#order.merge(theirs, mine, host)
  }

  #fitsOneProgram(nodes: readonly number[]): boolean {
    const members = new Set(nodes)
    const read = new Set(nodes.flatMap((node) => this.#graph.dependencies(node)))
    const numOutside = [...read].filter((node) => !members.has(node)).length
    // A node may need two registers: a temporary one, and the memory it is copied to at the end.
    const mostRegisters = 2 * nodes.length + numOutside
    const numSums = nodes.filter((node) => this.#isTotal(node)).length
    return (
      nodes.length <= MAX_POINTWISE_NODES && mostRegisters <= POINTWISE.MAX_REGISTERS && numSums <= POINTWISE.MAX_SUMS
    )
  }

  /** The kernels that one reads values of. */
  #needs(kernel: Kernel): Set<Kernel> {
    const needed = new Set<Kernel>()
    for (const node of kernel.nodes) {
      for (const dependency of this.#graph.dependencies(node)) {
        const source = this.#of.get(dependency)
        if (source && source !== kernel) needed.add(source)
      }
    }
    return needed
  }

  /** Whether all that `later` reads of `earlier` it reads element by element. */
  #readsElementwise(later: Kernel, earlier: Kernel): boolean {
    return later.nodes.every((node) =>
      this.#graph
        .dependencies(node)
        .every((read) => this.#of.get(read) !== earlier || this.#isReadElementwise(node, read)),
    )
  }

  #isReadElementwise(node: number, dependency: number): boolean {
    if (this.#isTotal(node)) return true
    return (
      this.#graph.microOp(node) !== undefined &&
      this.#graph.views(node).every((view) => view.node !== dependency || view.kind === 'full') &&
      this.#graph.size(node) === this.#graph.size(dependency) &&
      !this.#isTotal(dependency)
    )
  }
}

function usersOf(graph: Graph): Map<number, number[]> {
  const users = new Map<number, number[]>()
  for (const index of graph.computed) {
    for (const dependency of new Set(graph.dependencies(index))) {
      const list = users.get(dependency)
      if (list) list.push(index)
      else users.set(dependency, [index])
    }
  }
  return users
}

/** Whether a node's kernel runs what follows element by element over each block of rows that it has finished. */
function isProduct({ op, shape }: Node): boolean {
  return (op === 'matmul' && shape.length === 2) || op === 'conv' || op === 'convTranspose'
}

/** The product of a product kernel. */
export function productOf(kernel: Kernel): number {
  const product = kernel.nodes[0]
  invariant(kernel.kind === 'product' && product !== undefined, 'only product kernels have a product')
  return product
}
