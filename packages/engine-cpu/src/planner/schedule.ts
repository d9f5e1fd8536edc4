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
  const actionOf = new Map<Kernel, Action>()
  for (const kernel of kernels.all) {
    actionOf.set(kernel, { kind: 'kernel', kernel, priority: Math.min(...kernel.nodes), after: new Set() })
  }
  const writerOf = (node: number): Action | undefined => {
    const kernel = kernels.of(node)
    return kernel && actionOf.get(kernel)
  }
  for (const [kernel, action] of actionOf) {
    for (const dependency of kernel.nodes.flatMap((node) => graph.dependencies(node))) {
      const source = writerOf(dependency)
      if (source && source !== action) action.after.add(source)
    }
  }

  const states = new Map(graph.program.states.map(({ name, node }) => [name, node]))
  const updates = graph.program.updates.map(({ name, node }) => {
    const state = states.get(name)
    invariant(state !== undefined, `update ${name} has a state`)
    return { state, value: graph.base(node) }
  })
  const changed = updates.filter(({ state, value }) => state !== value)

  const all = [...actionOf.values()]
  const guard = guardOf(graph, writerOf)
  if (guard) all.push(guard)
  const order = new TopologicalOrder(guard ? withGuard([...actionOf.values()], guard) : all)

  const inPlace = new Map<number, number>()
  for (const { state, value } of changed) {
    const writer = writerOf(value)
    const readers = new Set(kernels.users(state).flatMap((node) => writerOf(node) ?? []))
    const others = [...readers, ...(guard ? [guard] : [])].filter((action) => action !== writer)
    const direct =
      writer !== undefined &&
      !inPlace.has(value) &&
      graph.size(value) === graph.size(state) &&
      readsInPlace(graph, kernels, value, state) &&
      others.every((action) => canPrecede(order, action, writer))
    if (direct) {
      inPlace.set(value, state)
      for (const action of others) writer.after.add(action)
    } else {
      const after = new Set([...others, ...(writer ? [writer] : [])])
      all.push({ kind: 'copy', from: value, state, priority: Infinity, after })
    }
  }
  return { actions: inOrder(all), inPlace }
}

/**
 * Checks the loss, if a Program has one: in training before any state is written, in evaluation before it is counted.
 */
function guardOf(graph: Graph, writerOf: (node: number) => Action | undefined): Action | undefined {
  const loss = graph.program.results.find(({ name }) => name === 'loss')
  if (loss === undefined) return undefined
  const node = graph.base(loss.node)
  const writer = writerOf(node)
  return { kind: 'guard', loss: node, priority: node, after: new Set(writer ? [writer] : []) }
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

/** Actions in order, and the guard as early as it can be. */
function withGuard(actions: readonly Action[], guard: Action): Action[] {
  const made = actions.findIndex((action) => guard.after.has(action))
  return [...actions.slice(0, made + 1), guard, ...actions.slice(made + 1)]
}

/** Whether an action can come before another; in `order` it does so then. */
function canPrecede(order: TopologicalOrder<Action>, action: Action, other: Action): boolean {
  if (order.isBefore(action, other)) return true
  if (action.after.has(other)) return false
  const between = order.between(other, action, ({ after }) => after)
  if (between === undefined) return false
  order.moveBefore([...between, action], other)
  return true
}

/** Of the actions that are ready, always the one of the lowest priority next, and of equals the first. */
function inOrder(given: readonly Action[]): Action[] {
  const ranked = [...given].sort((a, b) => a.priority - b.priority)
  const rankOf = new Map(ranked.map((action, rank) => [action, rank]))
  const numAwaited = ranked.map(({ after }) => after.size)
  const followers: number[][] = ranked.map(() => [])
  for (const [rank, { after }] of ranked.entries()) {
    for (const earlier of after) followers[rankOf.get(earlier) ?? -1]?.push(rank)
  }
  const ready = new LeastFirst()
  for (const [rank, count] of numAwaited.entries()) if (count === 0) ready.add(rank)
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
