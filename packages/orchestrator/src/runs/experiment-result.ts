/**
 * What an experiment came to, from the outcomes of its stages.
 */
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import type { TrainingOutcome } from '@gradpool/trainer'
import type { ExperimentResult, Sample, StageResult } from './run-result.js'
import type { StageGraph } from '../scheduling/stage-graph.js'

type Done = Extract<TrainingOutcome, { status: 'done' }>

/** The outcome of a stage without its states, which are in a file and gone from memory. */
export type StageEnd =
  | (Pick<Done, 'status' | 'epochs' | 'seconds' | 'test'> & {
      readonly samples: readonly Sample[]
      readonly weightsHash: string
      /** Trained by an earlier run. */
      readonly reused?: boolean
    })
  | Exclude<TrainingOutcome, Done>

/** By hash. */
export type StageEnds = ReadonlyMap<string, StageEnd>

/** Whether nothing more can come of an experiment: each stage has ended, or needs one that did not come to its end. */
export function isOver({ stages }: ExperimentPlan, ends: StageEnds): boolean {
  const neverStarts = ({ initFrom }: StagePlan): boolean => {
    if (initFrom === undefined) return false
    const end = ends.get(initFrom)
    if (end !== undefined) return end.status !== 'done'
    return stages.some((stage) => stage.hash === initFrom && neverStarts(stage))
  }
  return stages.every((stage) => ends.has(stage.hash) || neverStarts(stage))
}

/** An experiment whose stages did not all come to an end was interrupted. */
export function experimentResult(plan: ExperimentPlan, graph: StageGraph, ends: StageEnds): ExperimentResult {
  const { name, seed, config } = plan
  const stageEnds = plan.stages.map(({ hash }) => ends.get(hash))
  const last = stageEnds.at(-1)
  const failure = stageEnds.find((end) => end?.status === 'failed')
  const isDone = stageEnds.every((end) => end?.status === 'done') && last?.status === 'done'
  const test = isDone ? last.test : undefined
  const accuracy = test?.accuracy
  const stages = plan.stages.map(({ name, hash }): StageResult => {
    const shared = (graph.get(hash)?.ref.experiments.length ?? 0) > 1
    const end = ends.get(hash)
    const reused = end?.status === 'done' && end.reused === true
    return { name, hash, shared, reused, epochs: end?.epochs ?? [] }
  })
  return {
    name,
    seed,
    condition: config.condition,
    status: isDone ? 'done' : failure ? 'failed' : 'interrupted',
    ...(failure && { error: failure.error }),
    test: test ?? null,
    accuracy: typeof accuracy === 'number' && Number.isFinite(accuracy) ? accuracy : null,
    reported: config.reported,
    seconds: stageEnds.reduce((sum, end) => sum + (end?.seconds ?? 0), 0),
    weightsHash: isDone ? last.weightsHash : null,
    stages,
  }
}
