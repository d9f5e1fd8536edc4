/** The passes over the training examples: one, or several that train apart, each on its part of the examples. */
import { UserError } from '@gradpool/core'
import { flopsOf, partsOf, stepsPerEpochOf, type BatchProgram, type Split } from '@gradpool/core/engine'
import type { AveragingOptions } from '../fit/fit-types.js'
import type { Pass, TrainingPlan } from './training-plan.js'

/**
 * @param programOf the program of a training on these examples; asked once for each number of them
 * @throws UserError for a part without examples, or options out of range
 */
export function trainingPasses(
  data: Split,
  { averageEvery: every, averageParts = 2 }: AveragingOptions,
  programOf: (part: Split) => BatchProgram,
): Pick<TrainingPlan, 'training' | 'averaging'> {
  if (every === undefined) return { training: { program: programOf(data), data } }
  if (data.reading?.shuffle) throw new UserError('averageEvery deals rows out to its parts, so shuffle must be whole')
  const isCount = typeof averageParts === 'number'
  const average = isCount ? { every } : { every, parts: averageParts }
  const programs = new Map<number, BatchProgram>()
  const replicas = partsOf(data, average, isCount ? averageParts : 1).map((part): Pass => {
    const program = programs.get(part.rows.length) ?? programOf(part)
    programs.set(part.rows.length, program)
    return { program, data: part }
  })
  const steps = (pass: Pass) => stepsPerEpochOf(pass.program)
  const training = replicas.reduce((most, each) => (steps(each) > steps(most) ? each : most))
  return { training, averaging: { every, replicas } }
}

/** Floating-point operations of one pass over the examples: orders trainings; never part of a result. */
export function passWork({ program, tail, batchSize, numExamples }: BatchProgram): number {
  const full = Math.floor(numExamples / batchSize) * flopsOf(program)
  return tail === undefined ? full : full + flopsOf(tail)
}
