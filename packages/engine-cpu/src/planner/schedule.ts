/**
 * The order of a graph's kernels, and which of them write the new value of a state over the old one.
 *
 * An update may overwrite its state if every other reader of the old value can run first, and after the guard: no state
 * is written before the guard has found that the loss is finite. Any other update is written to memory of its own and
 * copied at the end of the step.
 */
import { invariant } from '@gradpool/core/engine'
import type { Graph } from './graph.js'
import type { Kernel, Kernels } from './fuse.js'
import { LeastFirst } from './least-first.js'
import { TopologicalOrder } from './topological-order.js'

/** What happens in a step. */
export type Action = (
  | { readonly kind: 'kernel'; readonly kernel: Kernel }
  | { readonly kind: 'guard'; readonly loss: number }
  /** To a state that could not be written in place. */
  | { readonly kind: 'copy'; readonly from: number; readonly state: number }
) &
  Order

interface Order {
  /** Of all actions. */
  readonly number: number
  /** Of the actions that are ready, the one of the lowest priority runs next. */
  readonly priority: number
  /** The actions that must run before. */
  readonly after: Set<Action>
}

export interface Schedule {
  /** In order. */
  readonly actions: readonly Action[]
  /** Computed node → the state node whose memory it is written to. */
  readonly inPlace: ReadonlyMap<number, number>
}

export function schedule(graph: Graph, kernels: Kernels): Schedule {
  const all: Action[] = []
  /** By the number of the kernel. */
  const actionOf: (Action | undefined)[] = []
  kernels.all.forEach((kernel, number) => {
    const action = {
      kind: 'kernel',
      kernel,
      number,
      priority: Math.min(...kernel.nodes),
      after: new Set<Action>(),
    } as const
    actionOf[kernel.number] = action
    all.push(action)
  })
  const writerOf = (node: number): Action | undefined => {
    const kernel = kernels.of(node)
    return kernel && actionOf[kernel.number]
  }
  const states = new Map(graph.program.states.map(({ name, node }) => [name, node]))
  /** By state. */
  const readersOf = new Map([...states.values()].map((state) => [state, new Set<Action>()]))
  graph.computed.forEach((index) => {
    const action = writerOf(index)
    if (!action) return
    graph.dependencies(index).forEach((dependency) => {
      const source = writerOf(dependency)
      if (source && source !== action) action.after.add(source)
      else if (!source) readersOf.get(dependency)?.add(action)
    })
  })

  const updates = graph.program.updates.map(({ name, node }) => {
    const state = states.get(name)
    invariant(state !== undefined, `update ${name} has a state`)
    return { state, value: graph.base(node) }
  })
  const changed = updates.filter(({ state, value }) => state !== value)

  const guard = guardOf(graph, writerOf, all.length)
  const order = new TopologicalOrder(guard ? withGuard(all, guard) : [...all.keys()])
  if (guard) all.push(guard)

  const inPlace = new Map<number, number>()
  for (const { state, value } of changed) {
    const writer = writerOf(value)
    const others = [...(readersOf.get(state) ?? []), ...(guard ? [guard] : [])].filter((action) => action !== writer)
    const direct =
      writer !== undefined &&
      !inPlace.has(value) &&
      graph.size(value) === graph.size(state) &&
      readsInPlace(graph, kernels, value, state) &&
      others.every((action) => canPrecede(all, order, action, writer))
    if (direct) {
      inPlace.set(value, state)
      for (const action of others) writer.after.add(action)
    } else {
      const after = new Set([...others, ...(writer ? [writer] : [])])
      all.push({ kind: 'copy', from: value, state, number: all.length, priority: Infinity, after })
    }
  }
  return { actions: inOrder(all), inPlace }
}

/**
 * Checks the loss, if a Program has one: in training before any state is written, in evaluation before it is counted.
 */
function guardOf(graph: Graph, writerOf: (node: number) => Action | undefined, number: number): Action | undefined {
  const loss = graph.program.results.find(({ name }) => name === 'loss')
  if (loss === undefined) return undefined
  const node = graph.base(loss.node)
  const writer = writerOf(node)
  return { kind: 'guard', loss: node, number, priority: node, after: new Set(writer ? [writer] : []) }
}

/** Whether the kernel that makes `value` reads `state`, if at all, only at the element that it writes next. */
function readsInPlace(graph: Graph, kernels: Kernels, value: number, state: number): boolean {
  const kernel = kernels.of(value)
  if (!kernel) return false
  const reading = kernel.nodes.filter((node) => graph.dependencies(node).includes(state))
  return reading.every(
    (node) =>
      graph.microOp(node) !== undefined &&
      graph.views(node).every((view) => view.node !== state || view.kind === 'full' || graph.size(node) === 1),
  )
}

/** The numbers of actions in order, and that of the guard as early as it can be. */
function withGuard(actions: readonly Action[], guard: Action): number[] {
  const made = actions.findIndex((action) => guard.after.has(action))
  const numbers = [...actions.keys()]
  return [...numbers.slice(0, made + 1), guard.number, ...numbers.slice(made + 1)]
}

/** Whether an action can come before another; in `order` it does so then. */
function canPrecede(all: readonly Action[], order: TopologicalOrder, action: Action, other: Action): boolean {
  if (order.isBefore(action.number, other.number)) return true
  if (action.after.has(other)) return false
  const needs = (number: number) => Array.from(all[number]?.after ?? [], (needed) => needed.number)
  const between = order.between(other.number, action.number, needs)
  if (between === undefined) return false
  order.moveBefore([...between, action.number], other.number)
  return true
}

/** Of the actions that are ready, always the one of the lowest priority next, and of equals the first. */
function inOrder(given: readonly Action[]): Action[] {
  const ranked = [...given].sort((a, b) => a.priority - b.priority)
  /** By the number of the action. */
  const rankOf = new Array<number>(given.length)
  ranked.forEach(({ number }, rank) => (rankOf[number] = rank))
  const numAwaited = ranked.map(({ after }) => after.size)
  const followers: number[][] = ranked.map(() => [])
  ranked.forEach(({ after }, rank) => {
    after.forEach((earlier) => followers[rankOf[earlier.number] ?? -1]?.push(rank))
  })
  const ready = new LeastFirst()
  numAwaited.forEach((count, rank) => {
    if (count === 0) ready.add(rank)
  })
  const actions: Action[] = []
  for (let rank = ready.take(); rank !== undefined; rank = ready.take()) {
    const action = ranked[rank]
    invariant(action, `there is an action of rank ${rank}`)
    actions.push(action)
    for (const follower of followers[rank] ?? []) {
      const count = (numAwaited[follower] ?? 0) - 1
      numAwaited[follower] = count
      if (count === 0) ready.add(follower)
    }
  }
  invariant(actions.length === given.length, 'no kernels wait for each other in a circle')
  return actions
}
