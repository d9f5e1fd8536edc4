/**
 * Final states that other stages start from, kept until the last of these has taken them.
 */
import type { StateValues } from '@gradpool/core/engine'
import type { StagePlan } from '@gradpool/experiments'
import { pick } from '@gradpool/storage'
import type { StageNode } from './stage-graph.js'

export class KeptStates {
  readonly #kept = new Map<string, { readonly state: StateValues; numWaiting: number }>()

  /** Keeps of a stage's states those that go over to its dependents. */
  keep({ plan, dependents }: StageNode, state: StateValues): void {
    if (dependents.length === 0) return
    const names = new Set(dependents.flatMap((dependent) => dependent.plan.transferredStates ?? []))
    this.#kept.set(plan.hash, { state: pick(state, names), numWaiting: dependents.length })
  }

  /** What a stage starts with; undefined where it starts from no other. */
  take({ initFrom, transferredStates = [] }: StagePlan): StateValues | undefined {
    const kept = initFrom === undefined ? undefined : this.#kept.get(initFrom)
    if (initFrom === undefined || kept === undefined) return undefined
    kept.numWaiting--
    if (kept.numWaiting === 0) this.#kept.delete(initFrom)
    return pick(kept.state, transferredStates)
  }
}
