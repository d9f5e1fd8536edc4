/**
 * Final states that other stages start from, kept until the last of these has taken them.
 */
import type { StateValues } from '@gradpool/core'
import type { StagePlan } from '@gradpool/experiments'
import type { StageNode } from './stage-graph.js'

export class KeptStates {
  readonly #kept = new Map<string, { readonly state: StateValues; numWaiting: number }>()

  /** Keeps of a stage's states what its dependents carry over. */
  keep({ plan, dependents }: StageNode, state: StateValues): void {
    if (dependents.length === 0) return
    const names = new Set(dependents.flatMap((dependent) => dependent.plan.carries ?? []))
    this.#kept.set(plan.hash, { state: pick(state, names), numWaiting: dependents.length })
  }

  /** What a stage starts with; undefined where it starts from no other. */
  take({ startsFrom, carries = [] }: StagePlan): StateValues | undefined {
    const kept = startsFrom === undefined ? undefined : this.#kept.get(startsFrom)
    if (startsFrom === undefined || kept === undefined) return undefined
    kept.numWaiting--
    if (kept.numWaiting === 0) this.#kept.delete(startsFrom)
    return pick(kept.state, carries)
  }
}

/** The states of these names. */
export function pick(state: StateValues, names: Iterable<string>): StateValues {
  const picked: Record<string, Float32Array> = {}
  for (const name of names) {
    const values = state[name]
    if (values !== undefined) picked[name] = values
  }
  return picked
}
