/**
 * The stages of all experiments as one graph: a stage that several experiments have is one node.
 */
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import type { StageRef } from '../runs/run-result.js'

export interface StageNode {
  readonly plan: StagePlan
  /** How events name it. */
  readonly ref: StageRef
  /** Stages that start from this one. */
  readonly dependents: readonly StageNode[]
}

/** By hash, in the order in which the experiments name them. */
export type StageGraph = ReadonlyMap<string, StageNode>

export function stageGraph(plans: readonly ExperimentPlan[]): StageGraph {
  const stages = new Map<string, StagePlan>()
  const experimentsOf = new Map<string, Set<string>>()
  for (const { name, stages: ownStages } of plans) {
    for (const stage of ownStages) {
      stages.set(stage.hash, stage)
      experimentsOf.set(stage.hash, (experimentsOf.get(stage.hash) ?? new Set()).add(name))
    }
  }
  const dependentsOf = new Map<string, StageNode[]>()
  const graph = new Map<string, StageNode>()
  for (const [hash, plan] of stages) {
    const dependents: StageNode[] = []
    const experiments = [...(experimentsOf.get(hash) ?? [])]
    const ref = { hash, name: plan.name, seed: plan.seed, experiments }
    const node: StageNode = { plan, ref, dependents }
    dependentsOf.set(hash, dependents)
    graph.set(hash, node)
    if (plan.initFrom !== undefined) dependentsOf.get(plan.initFrom)?.push(node)
  }
  return graph
}

/** The work of the longest chain of stages that begins with this one. */
export function pathWork({ plan, dependents }: StageNode): number {
  return plan.work + Math.max(0, ...dependents.map(pathWork))
}
