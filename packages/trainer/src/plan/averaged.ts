/** The training of a plan whose replicas train apart, each on its part of the examples. */
import {
  partsOf,
  stepsPerEpochOf,
  type AverageOptions,
  type BatchProgram,
  type Split,
} from '@gradpool/core'
import type { Pass, TrainingPlan } from './training-plan.js'

/**
 * @param microBatches how many replicas, where `average.parts` does not say so
 * @param programOf the program of a training on these examples; asked once for each number of them
 * @throws UserError for a part without examples, or options out of range
 */
export function averaged(
  data: Split,
  average: AverageOptions,
  microBatches: number,
  programOf: (part: Split) => BatchProgram,
): Required<Pick<TrainingPlan, 'training' | 'averaging'>> {
  const programs = new Map<number, BatchProgram>()
  const replicas = partsOf(data, average, microBatches).map((part): Pass => {
    const program = programs.get(part.rows.length) ?? programOf(part)
    programs.set(part.rows.length, program)
    return { program, data: part }
  })
  const steps = (pass: Pass) => stepsPerEpochOf(pass.program)
  const training = replicas.reduce((most, each) => (steps(each) > steps(most) ? each : most))
  return { training, averaging: { every: average.every, replicas } }
}
