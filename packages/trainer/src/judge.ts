/** Loss and metrics of trained states over examples. */
import { UserError } from '@gradpool/core'
import { type BatchProgram, type CompileOptions, type Engine, type Split } from '@gradpool/core/engine'
import type { Metrics } from './metrics/epoch-row.js'
import { metricsOf } from './metrics/metrics-of.js'
import type { StepRunner } from './online/step-runner.js'
import { passNotFinite } from './training/label-outside.js'

export interface Judge {
  readonly engine: Engine
  readonly runner: StepRunner
  /** The states, or whose to share. */
  readonly states: Pick<CompileOptions, 'state' | 'shareStateOf'>
}

/** @throws UserError where the states are not the Program's, or the loss is not finite */
export async function judge({ engine, runner, states }: Judge, program: BatchProgram, data: Split): Promise<Metrics> {
  const execution = await engine.compile(program, { data, seed: 0, ...states })
  try {
    const result = await runner.run(execution, execution.stepsPerEpoch)
    if (result.status === 'notFinite') {
      throw new UserError(passNotFinite('these examples', { program, data }, execution))
    }
    return metricsOf(program, result)
  } finally {
    execution.dispose()
  }
}
