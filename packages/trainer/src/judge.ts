/** Loss and metrics of trained states over examples. */
import { UserError, type Model } from '@gradpool/core'
import { type BatchProgram, type CompileOptions, type Engine, type Split } from '@gradpool/core/engine'
import type { Judged } from './fit/fit-types.js'
import { metricsOf } from './metrics/metrics-of.js'
import type { StepRunner } from './online/step-runner.js'
import { passNotFinite } from './training/label-outside.js'
import { compileFed } from './windows/compile-fed.js'

export interface Judge {
  readonly engine: Engine
  readonly runner: StepRunner
  /** The states, or whose to share. */
  readonly states: Pick<CompileOptions, 'state' | 'shareStateOf'>
}

/**
 * By the names of the model, whose Program it is.
 *
 * @throws UserError where the states are not the Program's, or the loss is not finite
 */
export async function judge<M extends Model>(
  { engine, runner, states }: Judge,
  program: BatchProgram,
  data: Split,
): Promise<Judged<M>> {
  const fed = await compileFed(engine, { program, data }, { seed: 0, ...states })
  const { execution } = fed
  try {
    const result = await runner.run(fed, execution.stepsPerEpoch)
    if (result.status === 'notFinite') {
      throw new UserError(passNotFinite('these examples', { program, data }, execution))
    }
    const metrics: unknown = metricsOf(program, result)
    return metrics as Judged<M>
  } finally {
    execution.dispose()
    await fed.feed?.close()
  }
}
