/**
 * Groups the computed nodes of a graph into kernels, so that elementwise work is done while its operands are in cache.
 *
 * All fusions follow from one rule: an elementwise op joins the kernel that computes an operand of the same size,
 * either a pointwise program or a matmul (whose epilogue runs on each block of finished rows), unless another operand
 * depends on the whole result of that kernel. So a bias and an activation join their matmul, a loss and its gradient
 * the matmul that makes the prediction, and an optimizer's update the matmul of the weight gradient.
 */
import { batchAxes, invariant, type BatchAxis, type Node } from '@gradpool/core/engine'
import { POINTWISE } from '../instructions.js'
import type { Graph } from './graph.js'
import { rowSums } from './reduction.js'
import { TopologicalOrder } from './topological-order.js'

export interface Kernel {
  /** Of all kernels that there were before any joined another. */
  readonly number: number
  /** In topological order; the first of a product kernel is its product. */
  nodes: number[]
  readonly kind: 'pointwise' | 'product' | 'single'
  /** Elements that the pointwise program runs over; 0 for `single`. */
  readonly size: number
  /** Set for a product, and if an op reads a row or column. */
  columns: number | undefined
}

/** Ops that take no longer than reading their result. */
const CHEAP = new Set<Node['op']>([
  ...(['neg', 'abs', 'relu', 'flush', 'add', 'sub', 'mul', 'max', 'min', 'flushBelow'] as const),
  ...(['less', 'lessEqual', 'equal', 'select'] as const),
])

/** A pointwise program with no more nodes than there are temporary registers never runs out of them. */
const MAX_POINTWISE_NODES = POINTWISE.MAX_TEMPS

export class Kernels {
  readonly #graph: Graph
  /** By number, those that joined others among them. */
  readonly #kernels: readonly Kernel[]
  /** By node. */
  readonly #of: (Kernel | undefined)[]
  readonly #order: TopologicalOrder
  /** Where the examples of each node are, if several workers share the kernels. */
  readonly #axes: readonly BatchAxis[] | undefined
  /** Of each node, the number of the count that last met it. */
  readonly #counted: Int32Array
  #numCounts = 0

  /**
   * @param isShared whether several workers may run the kernels together, each some of the elements of a pointwise
   *   program
   */
  constructor(graph: Graph, isShared: boolean) {
    this.#graph = graph
    this.#axes = isShared ? batchAxes(graph.program) : undefined
    this.#counted = new Int32Array(graph.program.nodes.length)
    this.#kernels = graph.computed.map((index, number) => this.#own(index, number))
    this.#of = new Array<Kernel | undefined>(graph.program.nodes.length)
    graph.computed.forEach((index, number) => (this.#of[index] = this.#kernels[number]))
    this.#order = new TopologicalOrder([...this.#kernels.keys()])
    for (const index of graph.computed) {
      if (graph.microOp(index) !== undefined) this.#joinOperands(index)
      else if (this.#isSum(index)) this.#joinAsSum(index)
    }
    this.#computeWhereRead()
  }

  /** All kernels, each after those that it needs. */
  get all(): Kernel[] {
    return this.#order.items.map((number) => this.#at(number))
  }

  /** The kernel that computes a node; undefined for leaves. */
  of(index: number): Kernel | undefined {
    return this.#of[index]
  }

  #at(number: number): Kernel {
    const kernel = this.#kernels[number]
    invariant(kernel, `there is a kernel ${number}`)
    return kernel
  }

  #own(index: number, number: number): Kernel {
    const graph = this.#graph
    const node = graph.node(index)
    if (isProduct(node)) {
      return { number, nodes: [index], kind: 'product', size: graph.size(index), columns: node.shape.at(-1) }
    }
    if (graph.microOp(index) === undefined) {
      const columns = this.#isSum(index) ? rowSums(graph, index)?.columns : undefined
      return { number, nodes: [index], kind: 'single', size: 0, columns: columns === 1 ? undefined : columns }
    }
    const columns = graph.views(index).find((view) => view.columns !== undefined)?.columns
    return { number, nodes: [index], kind: 'pointwise', size: graph.size(index), columns }
  }

  /** The kernel that comes last first: nothing that the others wait for need then come before it. */
  #joinOperands(index: number): void {
    const operands: number[] = []
    for (const view of this.#graph.views(index)) {
      if (view.kind === 'full' && this.#of[view.node]) operands.push(view.node)
    }
    if (operands.length > 1) operands.sort((a, b) => (this.#isBefore(a, b) ? 1 : -1))
    for (const operand of operands) this.#join(index, operand)
  }

  /** Whether the kernel of a node comes before that of another, or is the same. */
  #isBefore(node: number, other: number): boolean {
    const [first, second] = [this.#of[node], this.#of[other]]
    return (
      first === second ||
      (first !== undefined && second !== undefined && this.#order.isBefore(first.number, second.number))
    )
  }

  /**
   * Whether a node sums elements or rows in order, which a pointwise program can do alongside; where workers share it,
   * only those of each example.
   */
  #isSum(index: number): boolean {
    const sums = rowSums(this.#graph, index)
    if (sums === undefined) return false
    const { columns, parts } = sums
    if (columns > 1 && (columns % POINTWISE.LANES > 0 || columns > POINTWISE.BLOCK)) return false
    return this.#axes === undefined || (parts > 1 && this.#axes[index] === 0)
  }

  #joinAsSum(index: number): void {
    const graph = this.#graph
    const [operand] = graph.dependencies(index)
    if (operand === undefined) return
    const isOfRows = graph.size(index) > 1 && isProduct(graph.node(operand))
    if (isOfRows || graph.microOp(operand) !== undefined) this.#join(index, operand)
  }

  #join(index: number, operand: number): void {
    const mine = this.#of[index]
    const theirs = this.#of[operand]
    if (!mine || !theirs || mine === theirs || theirs.kind === 'single') return
    if (mine.kind === 'product' && theirs.kind === 'product') return
    const isSum = mine.kind === 'single'
    if (!isSum && mine.size !== theirs.size) return
    if ((mine.columns ?? theirs.columns) !== (theirs.columns ?? mine.columns)) return
    if (!this.#fitOneProgram(mine.nodes, theirs.nodes)) return
    if (!this.#readsElementwise(mine, theirs)) return
    const between = this.#order.between(theirs.number, mine.number, this.#needs)
    if (between === undefined) return
    this.#order.moveBefore(between, theirs.number)
    const [host, guest] = mine.kind === 'product' ? [mine, theirs] : [theirs, mine]
    host.nodes = merged(host.nodes, guest.nodes, host.kind === 'product' ? 1 : 0)
    host.columns ??= guest.columns
    for (const node of guest.nodes) this.#of[node] = host
    this.#order.merge(theirs.number, mine.number, host.number)
  }

  /**
   * Moves to the one kernel that reads it what that can compute as well: cheap ops of values that are in memory
   * anyway. So a mask of a ReLU, or the slope of a sigmoid, is made of the activation where a gradient needs it,
   * and not kept from the forward pass on.
   */
  #computeWhereRead(): void {
    const readers = this.#graph.program.nodes.map((): number[] => [])
    for (const index of this.#graph.computed) {
      for (const read of this.#graph.dependencies(index)) readers[read]?.push(index)
    }
    const { kept } = this.#graph
    for (const index of this.#graph.computed.toReversed()) {
      const from = this.#of[index]
      const [reader = -1, ...others] = readers[index] ?? []
      const to = this.#of[reader]
      if (!from || !to || from === to || to.kind === 'single' || from.size !== to.size || kept.has(index)) continue
      if (!others.every((other) => this.#of[other] === to)) continue
      if (![reader, ...others].every((other) => this.#isReadElementwise(other, index))) continue
      const moved = this.#movable(index, from, to, readers)
      if (moved === undefined || moved.length === from.nodes.length || !this.#fitOneProgram(to.nodes, moved)) continue
      from.nodes = from.nodes.filter((node) => !moved.includes(node))
      to.nodes = merged(to.nodes, moved, to.kind === 'product' ? 1 : 0)
      for (const node of moved) this.#of[node] = to
    }
  }

  /** A node, after what only it reads, where one kernel can compute it in place of another. */
  #movable(index: number, from: Kernel, to: Kernel, readers: readonly (readonly number[])[]): number[] | undefined {
    if (this.#of[index] !== from || !CHEAP.has(this.#graph.node(index).op)) return undefined
    const moved: number[] = []
    const whole = new Set(this.#graph.views(index).flatMap(({ kind, node }) => (kind === 'scalar' ? [] : [node])))
    for (const { kind, node } of this.#graph.views(index)) {
      if (kind === 'scalar') continue
      if (kind !== 'full') return undefined
      // One value that is in memory for a while is kept as well as what is made of it.
      if (this.#isInMemory(node, readers) && (whole.size === 1 || this.#isKeptUntil(to, node, readers))) continue
      const before = readers[node]?.length === 1 ? this.#movable(node, from, to, readers) : undefined
      if (before === undefined) return undefined
      moved.push(...before)
    }
    return [...moved, index]
  }

  /** Whether another kernel reads a value than the one that computes it. */
  #isInMemory(node: number, readers: readonly (readonly number[])[]): boolean {
    const maker = this.#of[node]
    return maker !== undefined && (readers[node] ?? []).some((reader) => this.#of[reader] !== maker)
  }

  /** Whether a value in memory is read by this kernel or by a later one. */
  #isKeptUntil(kernel: Kernel, node: number, readers: readonly (readonly number[])[]): boolean {
    const maker = this.#of[node]
    return (readers[node] ?? []).some((reader) => {
      const other = this.#of[reader]
      if (!other || other === maker) return false
      return other === kernel || this.#order.isBefore(kernel.number, other.number)
    })
  }

  #fitOneProgram(...parts: readonly (readonly number[])[]): boolean {
    const numNodes = parts.reduce((sum, { length }) => sum + length, 0)
    if (numNodes > MAX_POINTWISE_NODES) return false
    const count = ++this.#numCounts
    let numSums = 0
    for (const nodes of parts) {
      for (const node of nodes) {
        this.#counted[node] = count
        if (this.#isSum(node)) numSums++
      }
    }
    let numOutside = 0
    for (const nodes of parts) {
      for (const node of nodes) {
        for (const read of this.#graph.dependencies(node)) {
          if (this.#counted[read] === count) continue
          this.#counted[read] = count
          numOutside++
        }
      }
    }
    // A node may need two registers: a temporary one, and the memory it is copied to at the end.
    return 2 * numNodes + numOutside <= POINTWISE.MAX_REGISTERS && numSums <= POINTWISE.MAX_SUMS
  }

  /** The kernels that one reads values of; some more than once. */
  readonly #needs = (number: number): number[] => {
    const kernel = this.#at(number)
    const needed: number[] = []
    for (const node of kernel.nodes) {
      for (const dependency of this.#graph.dependencies(node)) {
        const source = this.#of[dependency]
        if (source && source !== kernel) needed.push(source.number)
      }
    }
    return needed
  }

  /** Whether all that `later` reads of `earlier` it reads element by element. */
  #readsElementwise(later: Kernel, earlier: Kernel): boolean {
    return later.nodes.every((node) =>
      this.#graph.dependencies(node).every((read) => this.#of[read] !== earlier || this.#isReadElementwise(node, read)),
    )
  }

  #isReadElementwise(node: number, dependency: number): boolean {
    if (this.#isSum(node)) return true
    return (
      this.#graph.microOp(node) !== undefined &&
      this.#graph.views(node).every((view) => view.node !== dependency || view.kind === 'full') &&
      this.#graph.size(node) === this.#graph.size(dependency) &&
      !this.#isSum(dependency)
    )
  }
}

/** The nodes of both, ascending but for as many as are first, whatever their numbers. */
function merged(host: readonly number[], guest: readonly number[], numFirst: number): number[] {
  const nodes: number[] = []
  let taken = 0
  host.forEach((node, place) => {
    for (let next = guest[taken]; place >= numFirst && next !== undefined && next < node; next = guest[++taken]) {
      nodes.push(next)
    }
    nodes.push(node)
  })
  for (const node of guest.slice(taken)) nodes.push(node)
  return nodes
}

/** Whether a node's kernel runs what follows element by element over each block of rows that it has finished. */
function isProduct({ op }: Node): boolean {
  return op === 'matmul' || op === 'conv' || op === 'convTranspose'
}

/** The product of a product kernel. */
export function productOf(kernel: Kernel): number {
  const product = kernel.nodes[0]
  invariant(kernel.kind === 'product' && product !== undefined, 'only product kernels have a product')
  return product
}
