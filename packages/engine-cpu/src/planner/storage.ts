/**
 * Assigns memory to every value of a step, relative to the start of the plan's scratch memory. Values whose lifetimes
 * do not overlap share memory.
 */
import { bytesPerElement, invariant } from '@gradpool/core/engine'
import { FreeList, align } from '../free-list.js'
import type { Kernel, Kernels } from './fuse.js'
import type { Graph } from './graph.js'
import type { Schedule } from './schedule.js'

export interface Storage {
  /** By computed node, its offset in scratch memory, except for nodes in registers or in a state's memory. */
  readonly values: readonly (number | undefined)[]
  readonly numBytes: number
}

/**
 * @param isBarrier whether there is a barrier before the action at a position; between barriers, one worker may still
 *   read a value that another is done with
 */
export function layOut(
  graph: Graph,
  kernels: Kernels,
  { actions, inPlace }: Schedule,
  isBarrier: (position: number) => boolean,
): Storage {
  const free = new FreeList(0, Number.MAX_SAFE_INTEGER)
  const take = (numBytes: number): number => {
    const offset = free.take(numBytes)
    invariant(offset !== undefined, 'scratch is as large as it needs to be')
    return offset
  }
  const kept = graph.kept
  const lastUse = lastUses(graph, kernels, actions)
  const values = new Array<number | undefined>(graph.program.nodes.length)
  /** By position, the values that the action there reads last. */
  const ending = new Map<number, number[]>()
  const overwritten = new Set<number>()
  /** The nodes computed since the last barrier: no worker reads an element of them that another overwrites. */
  const recent = new Set<number>()
  const unused: number[] = []
  const place = (node: number, offset: number): void => {
    values[node] = offset
    const last = lastUse[node]
    if (last === undefined) return
    const others = ending.get(last)
    if (others) others.push(node)
    else ending.set(last, [node])
  }
  const isOver = (node: number, position: number): boolean =>
    recent.has(node) && !kept.has(node) && lastUse[node] === position

  actions.forEach((action, position) => {
    if (isBarrier(position)) {
      for (const offset of unused) free.give(offset)
      unused.length = 0
      recent.clear()
    }
    if (action.kind === 'kernel') {
      const { kernel } = action
      for (const node of kernel.nodes) {
        const outlives = kept.has(node) || (lastUse[node] ?? -1) > position || kernel.kind === 'single'
        if (!outlives || inPlace.has(node)) continue
        const operand = operandToOverwrite(graph, kernel, node)
        const over = operand === undefined ? undefined : values[operand]
        if (operand !== undefined && over !== undefined && isOver(operand, position)) {
          overwritten.add(operand)
          place(node, over)
        } else {
          const numBytes = graph.size(node) * bytesPerElement[graph.storedDType(node)]
          place(node, take(numBytes))
        }
        recent.add(node)
      }
    }
    for (const node of ending.get(position) ?? []) {
      const offset = values[node]
      if (offset !== undefined && !kept.has(node) && !overwritten.has(node)) unused.push(offset)
    }
  })
  return { values, numBytes: align(free.highWater) }
}

/** The operand of a single elementwise op whose memory can hold the result. */
function operandToOverwrite(graph: Graph, { kind, nodes }: Kernel, node: number): number | undefined {
  if (kind !== 'pointwise' || nodes.length > 1) return undefined
  const whole = graph.views(node).filter((view) => view.kind === 'full')
  return whole.find((view) => graph.storedDType(view.node) === 'f32')?.node
}

/**
 * The position of the last action that reads a node from memory, that is, outside the pointwise program that computes
 * it.
 */
function lastUses(graph: Graph, kernels: Kernels, actions: Schedule['actions']): readonly (number | undefined)[] {
  const lastUse = new Array<number | undefined>(graph.program.nodes.length)
  actions.forEach((action, position) => {
    if (action.kind === 'guard') lastUse[action.loss] = position
    if (action.kind === 'copy') lastUse[action.from] = position
    if (action.kind !== 'kernel') return
    for (const node of action.kernel.nodes) {
      for (const dependency of graph.dependencies(node)) {
        if (kernels.of(dependency) !== action.kernel) lastUse[dependency] = position
      }
    }
  })
  return lastUse
}
