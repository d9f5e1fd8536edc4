/**
 * Cuts a schedule into sections for workers that run it together (kernels/plan.h): some are divided among the workers
 * by examples, some by the rows of a weight, and some are run by one worker while the others wait.
 *
 * Sections alternate, one that all workers share and one that a single worker runs, with a barrier between them. An
 * action goes into the first section after those of its dependencies, or into the same section if it reads only what
 * the same worker has computed.
 */
import { batchAxes, type BatchAxis } from '@gradpool/core/engine'
import { SECTION } from '../instructions.js'
import { productOf, type Kernel } from './fuse.js'
import type { Graph } from './graph.js'
import { reduction } from './reduction.js'
import type { Action, Schedule } from './schedule.js'

export interface Section {
  /** Undefined if one worker runs the whole plan. */
  readonly kind?: number
  readonly actions: readonly Action[]
}

/** Elementwise work on fewer elements is faster on one worker. */
const LEAST_SHARED_ELEMENTS = 2048

/** The same for sums over the batch, each of which takes longer. */
const LEAST_SHARED_SUMS = 64

/** The same for sums of columns, of which each worker makes whole vectors, and for the elements that are summed. */
const LEAST_SHARED_COLUMNS = 32
const LEAST_SUMMED_ELEMENTS = 32_768

/** Ops that kernels can run for some examples of a batch only. */
const BY_EXAMPLE = new Set([
  'input',
  'random',
  'cast',
  'sum',
  'reduceMax',
  'argMax',
  'softmax',
  'logSoftmax',
  'sort',
  'sortSpread',
  'broadcast',
  'transpose',
  'slice',
  'concat',
  'gather',
  'oneHot',
  'conv',
  'convTranspose',
  'maxPool',
  'maxPoolSpread',
])

/** The sections of a schedule, in order, and the schedule in that order. */
export function cutIntoSections(
  graph: Graph,
  schedule: Schedule,
): { readonly sections: readonly Section[]; readonly schedule: Schedule } {
  const sharing = new Sharing(graph)
  /** Shared sections have even numbers; those of one worker have odd numbers. */
  const placeOf = new Map<Action, { number: number; kind: number }>()
  const sections: { kind: number; actions: Action[] }[] = []
  for (const action of schedule.actions) {
    const kind = sharing.kindOf(action)
    let number = kind === SECTION.ALONE ? 1 : 0
    const whole = sharing.readAsWhole(action)
    for (const earlier of action.after) {
      const place = placeOf.get(earlier)
      if (place === undefined) continue
      const isOwn = kind === SECTION.EXAMPLES && !makesAny(earlier, whole)
      number = Math.max(number, firstAfter(place, kind, isOwn))
    }
    // A shared section is of one kind.
    while (kind !== SECTION.ALONE && (sections[number]?.kind ?? kind) !== kind) number += 2
    placeOf.set(action, { number, kind })
    for (let made = sections.length; made < number; made++) {
      sections.push({ kind: made % 2 === 1 ? SECTION.ALONE : kind, actions: [] })
    }
    const section = sections[number]
    if (section === undefined) sections.push({ kind, actions: [action] })
    else if (section.actions.length === 0) sections[number] = { kind, actions: [action] }
    else section.actions.push(action)
  }
  for (const section of sections) {
    if (section.kind === SECTION.ROWS) section.actions = sharing.lightFirst(section.actions)
  }
  const actions = sections.flatMap((section) => section.actions)
  return { sections, schedule: { ...schedule, actions } }
}

/**
 * The first section in which an action of `kind` may follow one at `place`.
 *
 * @param isOwn whether a worker reads only the values of its own examples from it
 */
function firstAfter(place: { readonly number: number; readonly kind: number }, kind: number, isOwn: boolean): number {
  if (kind === SECTION.ALONE) return place.kind === SECTION.ALONE ? place.number : place.number + 1
  if (place.kind === SECTION.ALONE) return place.number + 1
  return isOwn && place.kind === SECTION.EXAMPLES ? place.number : place.number + 2
}

function makesAny(action: Action, nodes: ReadonlySet<number>): boolean {
  return action.kind === 'kernel' && action.kernel.nodes.some((node) => nodes.has(node))
}

class Sharing {
  readonly #graph: Graph
  readonly #axes: readonly BatchAxis[]

  constructor(graph: Graph) {
    this.#graph = graph
    this.#axes = batchAxes(graph.program)
  }

  kindOf(action: Action): number {
    if (action.kind !== 'kernel') return SECTION.ALONE
    const { kernel } = action
    if (kernel.nodes.every((node) => this.#isByExample(node))) return SECTION.EXAMPLES
    return this.#isByRows(kernel) ? SECTION.ROWS : SECTION.ALONE
  }

  /**
   * Reorders the actions of a section by rows, which are independent: first the products with small second operands, so
   * that the larger ones, which other workers have computed, are fetched meanwhile; other actions last.
   */
  lightFirst(actions: readonly Action[]): Action[] {
    const weight = (action: Action): number => {
      if (action.kind !== 'kernel' || action.kernel.kind !== 'product') return Number.MAX_VALUE
      return this.#graph.size(this.#graph.node(productOf(action.kernel)).inputs[1] ?? 0)
    }
    return [...actions].sort((a, b) => weight(a) - weight(b))
  }

  /**
   * The nodes of which an action also reads the values of other examples: their examples are not along the first axis
   * as it reads them.
   */
  readAsWhole(action: Action): ReadonlySet<number> {
    if (action.kind !== 'kernel') return new Set()
    const inputs = action.kernel.nodes.flatMap((node) => this.#graph.node(node).inputs)
    const whole = inputs.filter((input) => this.#axes[input] !== 0)
    return new Set(whole.map((input) => this.#graph.base(input)))
  }

  #isByExample(index: number): boolean {
    const graph = this.#graph
    if (this.#axes[index] !== 0) return false
    const node = graph.node(index)
    if (graph.microOp(index) !== undefined) return true
    // Kernels divide a product by its rows, and a stack of them by products.
    if (node.op === 'matmul') {
      return node.shape.length === 2 ? node.attributes.transposeA !== true : this.#operandsBegin(index)
    }
    // Zeros are written by whole words.
    if (node.op === 'pad') return node.dtype !== 'u8' && this.#operandsBegin(index)
    return BY_EXAMPLE.has(node.op) && this.#operandsBegin(index)
  }

  /** Whether the operands have the examples along the first axis, or not at all. */
  #operandsBegin(index: number): boolean {
    return this.#graph.node(index).inputs.every((input) => this.#axes[input] === undefined || this.#axes[input] === 0)
  }

  #isByRows({ kind, nodes, size }: Kernel): boolean {
    const graph = this.#graph
    const isElementwise = (node: number): boolean => graph.microOp(node) !== undefined
    const [first = 0] = nodes
    const node = graph.node(first)
    if (node.op === 'sum') {
      const [operand = 0] = node.inputs
      if (node.attributes.segments !== undefined) return graph.size(first) >= LEAST_SHARED_SUMS
      const { outer, inner } = reduction(graph.node(operand).shape, node.attributes.axes)
      return outer === 1 && inner >= LEAST_SHARED_COLUMNS && graph.size(operand) >= LEAST_SUMMED_ELEMENTS
    }
    if (node.op === 'convFilter') return true
    if (kind === 'product') return node.op === 'matmul' && nodes.slice(1).every(isElementwise)
    return kind === 'pointwise' && nodes.every(isElementwise) && size >= LEAST_SHARED_ELEMENTS
  }
}
