/**
 * What an experiment came to, from the outcomes of its stages.
 */
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import type { ExperimentResult, StageResult } from './run-result.js'
import type { StageGraph } from '../scheduling/stage-graph.js'
import type { StageOutcome } from '../training/stage-outcome.js'

/** The outcome of a stage without its states, which are in a file and gone from memory. */
export type StageEnd = EndOf<StageOutcome> & {
  /** Trained by an earlier run. */ readonly reused?: boolean
}
type EndOf<O> = O extends { status: 'done' }
  ? Omit<O, 'state' | 'firstEpoch' | 'best'> & { readonly weights: string }
  : O

/** By hash. */
export type StageEnds = ReadonlyMap<string, StageEnd>

/** Whether nothing more can come of an experiment: each stage has ended, or needs one that did not come to its end. */
export function isOver({ stages }: ExperimentPlan, ends: StageEnds): boolean {
  const neverStarts = ({ startsFrom }: StagePlan): boolean => {
    if (startsFrom === undefined) return false
    const end = ends.get(startsFrom)
    if (end !== undefined) return end.status !== 'done'
    return stages.some((stage) => stage.hash === startsFrom && neverStarts(stage))
  }
  return stages.every((stage) => ends.has(stage.hash) || neverStarts(stage))
}

/** An experiment whose stages did not all come to an end was interrupted. */
export function experimentResult(
  plan: ExperimentPlan,
  graph: StageGraph,
  ends: StageEnds,
): ExperimentResult {
  const { name, seed, config } = plan
  const stageEnds = plan.stages.map(({ hash }) => ends.get(hash))
  const last = stageEnds.at(-1)
  const failure = stageEnds.find((end) => end?.status === 'failed')
  const isDone = stageEnds.every((end) => end?.status === 'done') && last?.status === 'done'
  const stages = plan.stages.map(({ name, hash }): StageResult => {
    const shared = (graph.get(hash)?.ref.experiments.length ?? 0) > 1
    const { epochs = [], reused = false } = ends.get(hash) ?? {}
    return { name, hash, shared, reused, epochs }
  })
  return {
    name,
    seed,
    condition: config.condition,
    status: isDone ? 'done' : failure ? 'failed' : 'interrupted',
    ...(failure && { error: failure.error }),
    accuracy: isDone ? last.testAccuracy : null,
    reported: config.reported,
    seconds: stageEnds.reduce((sum, end) => sum + (end?.seconds ?? 0), 0),
    weights: isDone ? last.weights : null,
    stages,
  }
}
