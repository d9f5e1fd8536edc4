/**
 * The order of a graph's kernels, and which of them write a new state straight over the old one.
 *
 * An update may overwrite its state where every other reader of the old value can come first, and
 * where the step can still be abandoned before: no state is written until the guard has seen that
 * the loss is finite. Where that cannot be, the update is kept apart and copied at the end of the
 * step.
 */
import { invariant } from '@gradpool/core/engine'
import type { Graph } from './graph.js'
import type { Kernel, Kernels } from './fuse.js'

/** What happens in a step, in order. */
export type Action =
  | { readonly kind: 'kernel'; readonly kernel: Kernel }
  | { readonly kind: 'guard'; readonly loss: number }
  /** To a state that could not be written in place. */
  | { readonly kind: 'copy'; readonly from: number; readonly state: number }

export interface Schedule {
  readonly actions: readonly Action[]
  /** What an action must not come before. */
  readonly after: ReadonlyMap<Action, readonly Action[]>
  /** Computed node → the state node whose memory it is written to. */
  readonly inPlace: ReadonlyMap<number, number>
}

interface Task {
  readonly action: Action
  /** Among tasks that are ready the lowest goes first. */
  readonly priority: number
  readonly after: Set<Task>
}

export function schedule(graph: Graph, kernels: Kernels): Schedule {
  const tasks = new Map<Kernel, Task>()
  for (const kernel of kernels.all) {
    const priority = Math.min(...kernel.nodes)
    tasks.set(kernel, { action: { kind: 'kernel', kernel }, priority, after: new Set() })
  }
  const taskOf = (node: number): Task | undefined => {
    const kernel = kernels.of(node)
    return kernel && tasks.get(kernel)
  }
  for (const [kernel, task] of tasks) {
    for (const node of kernel.nodes) {
      for (const dependency of graph.dependencies(node)) {
        const source = taskOf(dependency)
        if (source && source !== task) task.after.add(source)
      }
    }
  }

  const states = new Map(graph.program.states.map(({ name, node }) => [name, node]))
  const updates = graph.program.updates.map(({ name, node }) => {
    const state = states.get(name)
    invariant(state !== undefined, `update ${name} has a state`)
    return { state, value: graph.base(node) }
  })
  const changed = updates.filter(({ state, value }) => state !== value)

  const all = [...tasks.values()]
  const guard = guardTask(graph, taskOf)
  if (guard) all.push(guard)

  const inPlace = new Map<number, number>()
  for (const { state, value } of changed) {
    const writer = taskOf(value)
    const readers = new Set(
      kernels
        .users(state)
        .map(taskOf)
        .filter((task) => task !== undefined),
    )
    const others = [...readers, ...(guard ? [guard] : [])].filter((task) => task !== writer)
    const direct =
      writer !== undefined &&
      !inPlace.has(value) &&
      graph.size(value) === graph.size(state) &&
      readsInPlace(graph, kernels, value, state) &&
      !others.some((task) => comesAfter(task, writer))
    if (direct) {
      inPlace.set(value, state)
      for (const task of others) writer.after.add(task)
    } else {
      const after = new Set([...others, ...(writer ? [writer] : [])])
      all.push({
        action: { kind: 'copy', from: value, state },
        priority: Infinity,
        after,
      })
    }
  }
  const after = new Map(all.map((task) => [task.action, [...task.after].map(({ action }) => action)]))
  return { actions: inOrder(all), after, inPlace }
}

/**
 * Looks at the loss, where a Program has one: in training before any state is written, in
 * evaluation before it counts.
 */
function guardTask(graph: Graph, taskOf: (node: number) => Task | undefined): Task | undefined {
  const loss = graph.program.results.find(({ name }) => name === 'loss')
  if (loss === undefined) return undefined
  const node = graph.base(loss.node)
  const made = taskOf(node)
  return {
    action: { kind: 'guard', loss: node },
    priority: node,
    after: new Set(made ? [made] : []),
  }
}

/**
 * Whether the kernel that makes `value` reads `state`, if at all, only at the element it is about
 * to write.
 */
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

function comesAfter(task: Task, earlier: Task): boolean {
  const seen = new Set([task])
  for (const current of seen) {
    if (current === earlier) return true
    for (const before of current.after) seen.add(before)
  }
  return false
}

function inOrder(tasks: readonly Task[]): Action[] {
  const waiting = new Set([...tasks].sort((a, b) => a.priority - b.priority))
  const actions: Action[] = []
  while (waiting.size > 0) {
    const next = firstReady(waiting)
    invariant(next, 'kernels wait for each other in a circle')
    waiting.delete(next)
    actions.push(next.action)
  }
  return actions
}

function firstReady(waiting: ReadonlySet<Task>): Task | undefined {
  for (const task of waiting) {
    let isReady = true
    for (const other of task.after) isReady &&= !waiting.has(other)
    if (isReady) return task
  }
  return undefined
}
