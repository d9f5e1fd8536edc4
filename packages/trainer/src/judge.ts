/** Loss and metrics of a model over examples. */
import {
  evaluation,
  finishMetrics,
  type BatchProgram,
  type ChunkResult,
  type CompileOptions,
  type Engine,
  type MetricValue,
  type Model,
  type Split,
  UserError,
} from '@gradpool/core'
import type { StepRunner } from './online/step-runner.js'

export type Judgement = Readonly<Record<string, MetricValue>>

/** Examples per step of an evaluation; results do not depend on it but for how sums round. */
export const EVALUATION_BATCH = 100

export interface Judge {
  readonly engine: Engine
  readonly model: Model
  readonly runner: StepRunner
  /** The states, or whose to share. */
  readonly states: Pick<CompileOptions, 'state' | 'shareStateOf'>
}

/** @throws UserError where the data does not fit the model, or the loss over it is not finite */
export async function judge(by: Judge, data: Split): Promise<Judgement> {
  const { engine, model, runner, states } = by
  const program = evaluation(model, { batchSize: EVALUATION_BATCH, data })
  const execution = await engine.compile(program, { data, seed: 0, ...states })
  try {
    const result = await runner.run(execution, execution.stepsPerEpoch)
    if (result.status === 'notFinite') {
      throw new UserError('the loss over these examples is not a finite number')
    }
    return metricsOf(program, result)
  } finally {
    execution.dispose()
  }
}

/** The loss and each metric of a chunk of steps. */
export function metricsOf({ metrics }: BatchProgram, result: ChunkResult): Judgement {
  return { loss: result.means.loss?.[0] ?? NaN, ...finishMetrics(metrics, result) }
}
