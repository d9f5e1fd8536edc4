/** The stages of a run as its record has them, each once: what is known of them before they start. */
import { hasFields } from '@gradpool/storage'
import type { TrainingCost } from '@gradpool/trainer'
import type { RunRecord } from '../runs/run-record.js'
import type { StageRef } from '../runs/run-result.js'

export interface PlannedStage {
  readonly ref: StageRef
  /** Hash of the stage whose end it waits for. */
  readonly initFrom?: string | undefined
  /** Undefined where the record, of an earlier version, does not tell. */
  readonly cost?: TrainingCost | undefined
}

/** In the order in which the experiments name them. */
export function plannedStages({ experiments, costs = {} }: Pick<RunRecord, 'experiments' | 'costs'>): PlannedStage[] {
  const stages = new Map<string, PlannedStage>()
  for (const { name: experiment, seed, stages: own } of experiments) {
    for (const { name, hash, initFrom } of own) {
      const known = stages.get(hash)?.ref.experiments ?? []
      const ref = { hash, name, seed, experiments: [...new Set([...known, experiment])] }
      stages.set(hash, { ref, initFrom, cost: isCost(costs[hash]) ? costs[hash] : undefined })
    }
  }
  return [...stages.values()]
}

function isCost(value: unknown): value is TrainingCost {
  const names = ['epochs', 'training', 'validation', 'test', 'threads']
  return hasFields(value, Object.fromEntries(names.map((name) => [name, isAmount])))
}

const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0
