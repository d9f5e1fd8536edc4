/** What the kernels of a plan do, in words of the Program, and what they cost: for profiles. */
import { bytesPerElement, flopsOfNode, type Node, type ProfiledKernel } from '@gradpool/core/engine'
import { productOf, type Kernel } from './fuse.js'
import type { Graph } from './graph.js'
import type { Action } from './schedule.js'

/** A kernel, and the words of the plan that are its instructions: from `first` up to `end`. */
export interface PlannedKernel extends ProfiledKernel {
  readonly first: number
  readonly end: number
}

/** Ops that only move elements, or change their type: nothing is computed. */
const MOVES = new Set<Node['op']>([
  'input',
  'cast',
  'reshape',
  'broadcast',
  'transpose',
  'slice',
  'pad',
  'concat',
  'gather',
  'sort',
  'sortSpread',
  'oneHot',
])

/** Names of a list longer than that say nothing. */
const MOST_OPS = 4

export class KernelDescriptions {
  readonly #graph: Graph
  readonly #isInMemory: (node: number) => boolean
  /** Names of states that a node is the new value of, and of results. */
  readonly #updates: ReadonlyMap<number, readonly string[]>
  readonly #results: ReadonlyMap<number, readonly string[]>

  /** @param isInMemory whether the value of a node is in memory, not only in registers */
  constructor(graph: Graph, isInMemory: (node: number) => boolean) {
    this.#graph = graph
    this.#isInMemory = isInMemory
    const byBase = (outputs: readonly { readonly name: string; readonly node: number }[]) => {
      const names = new Map<number, string[]>()
      for (const { name, node } of outputs) {
        const base = graph.base(node)
        names.set(base, [...(names.get(base) ?? []), name])
      }
      return names
    }
    this.#updates = byBase(graph.program.updates)
    this.#results = byBase(graph.program.results)
  }

  of(action: Action): ProfiledKernel {
    const graph = this.#graph
    switch (action.kind) {
      case 'guard': {
        const bytes = graph.size(action.loss) * bytesPerElement.f32
        return { name: 'check that the loss is finite', kind: 'guard', flops: 0, bytes }
      }
      case 'copy': {
        const bytes = 2 * graph.size(action.from) * bytesPerElement.f32
        return { name: `copy to ${graph.input(action.state)?.name ?? 'a state'}`, kind: 'copy', flops: 0, bytes }
      }
      case 'kernel':
        return { ...this.#named(action.kernel), flops: this.#flops(action.kernel), bytes: this.#bytes(action.kernel) }
    }
  }

  #named(kernel: Kernel): { name: string; kind: string } {
    const [first = 0] = kernel.nodes
    if (kernel.kind === 'single') return this.#single(first)
    const shape = this.#shape(kernel.nodes.at(-1) ?? first)
    if (kernel.kind === 'pointwise') {
      const ends = this.#ends(kernel.nodes)
      const does = ends.some((end) => end.startsWith('update')) ? ends : [this.#ops(kernel.nodes), ...ends]
      return { name: `${does.join(', ')} ${shape}`, kind: 'pointwise' }
    }
    const product = productOf(kernel)
    const others = kernel.nodes.filter((node) => node !== product)
    const ends = this.#ends(kernel.nodes)
    const ops = ends.some((end) => end.startsWith('update')) ? '' : this.#ops(others)
    const parts = [this.#call(product), ...(ops === '' ? [] : [ops]), ...ends]
    return { name: parts.join(', '), kind: this.#graph.node(product).op }
  }

  #single(index: number): { name: string; kind: string } {
    const graph = this.#graph
    const input = graph.input(index)
    if (input) return { name: `gather the batch of ${this.#value(index)}`, kind: 'batch' }
    const { op } = graph.node(index)
    const ends = this.#ends([index]).map((end) => `, ${end}`)
    return { name: `${this.#call(index)}${ends.join('')}`, kind: op }
  }

  #call(index: number): string {
    const node = this.#graph.node(index)
    if (node.op !== 'matmul') return `${node.op} ${node.inputs.map((one) => this.#value(one)).join(', ')}`
    const [a = 0, b = 0] = node.inputs
    const { transposeA = false, transposeB = false } = node.attributes
    return `matmul ${this.#value(a)}${transposeA ? 'ᵀ' : ''} × ${this.#value(b)}${transposeB ? 'ᵀ' : ''}`
  }

  /** Its name, where it has one, and its shape. */
  #value(index: number): string {
    const input = this.#graph.input(this.#graph.base(index))
    return input ? `${input.name} ${this.#shape(index)}` : this.#shape(index)
  }

  #shape(index: number): string {
    return `[${this.#graph.node(index).shape.join(', ')}]`
  }

  #ops(nodes: readonly number[]): string {
    const ops = [...new Set(nodes.map((node) => this.#graph.node(node).op))]
    return ops.length > MOST_OPS ? [...ops.slice(0, MOST_OPS), '…'].join(', ') : ops.join(', ')
  }

  /** What of the Program's updates and results it makes. */
  #ends(nodes: readonly number[]): string[] {
    const updates = nodes.flatMap((node) => this.#updates.get(node) ?? [])
    const weights = updates.filter((name) => !name.startsWith('optimizer/'))
    const results = nodes.flatMap((node) => this.#results.get(node) ?? [])
    const updated = weights.length > 0 ? weights : updates
    return [
      ...(updated.length > 0 ? [`update ${updated.join(' and ')}`] : []),
      ...(results.length > 0 ? [`result ${results.join(' and ')}`] : []),
    ]
  }

  #flops({ nodes }: Kernel): number {
    const { program } = this.#graph
    const computing = nodes.map((index) => program.node(index)).filter(({ op }) => !MOVES.has(op))
    return computing.reduce((flops, node) => flops + flopsOfNode(program, node), 0)
  }

  #bytes({ nodes }: Kernel): number {
    const graph = this.#graph
    const bytesOf = (node: number) => graph.size(node) * bytesPerElement[graph.storedDType(node)]
    const own = new Set(nodes)
    const read = new Set(nodes.flatMap((node) => graph.dependencies(node)).filter((node) => !own.has(node)))
    // A batch field's rows are read where the data are, in their own type.
    const fields = nodes.filter((node) => graph.isBatch(node))
    const gathered = fields.reduce((sum, node) => sum + graph.size(node) * bytesPerElement[graph.node(node).dtype], 0)
    const written = nodes.filter((node) => this.#isInMemory(node))
    return [...read, ...written].reduce((sum, node) => sum + bytesOf(node), gathered)
  }
}
