/**
 * Optimizers, schedules and clipping as a configuration gives them: the data of core, with its defaults.
 *
 * A cosine or linear schedule may leave out `totalSteps`; it then ends with the stage.
 */
import {
  adam,
  adamw,
  rmsprop,
  sgd,
  UserError,
  type LearningRate,
  type Optimizer,
} from '@gradpool/core'
import { z } from 'zod'
import { fields, whole } from './config-errors.js'

const rate = z.number().min(0)
const decay = z.number().min(0).lt(1)
const notNegative = z.number().min(0)
const steps = whole(1)
const warmupSteps = z.exactOptional(whole(0))

const untilAnEnd = {
  learningRate: rate,
  totalSteps: z.exactOptional(steps),
  final: z.exactOptional(rate),
  warmupSteps,
}

const schedule = z.discriminatedUnion('kind', [
  fields({ kind: z.literal('cosine'), ...untilAnEnd }),
  fields({ kind: z.literal('linearDecay'), ...untilAnEnd }),
  fields({
    kind: z.literal('exponentialDecay'),
    learningRate: rate,
    rate: z.number().positive(),
    decaySteps: z.exactOptional(steps),
    warmupSteps,
  }),
  fields({
    kind: z.literal('stepDecay'),
    learningRate: rate,
    rate: z.number().positive(),
    decaySteps: steps,
    warmupSteps,
  }),
  fields({
    kind: z.literal('piecewiseConstant'),
    boundaries: z.array(steps).readonly(),
    values: z.array(rate).min(1).readonly(),
    warmupSteps,
  }),
])

const learningRate = z.union([rate, schedule])
const clip = z.exactOptional(
  fields({ kind: z.enum(['globalNorm', 'value']), max: z.number().positive() }),
)

const adamDefaults = adam()
const adamFields = {
  learningRate: learningRate.default(adamDefaults.learningRate),
  beta1: decay.default(adamDefaults.beta1),
  beta2: decay.default(adamDefaults.beta2),
  epsilon: notNegative.default(adamDefaults.epsilon),
  clip,
}
const sgdDefaults = sgd()
const rmspropDefaults = rmsprop()

export const optimizerSchema = z.discriminatedUnion('kind', [
  fields({
    kind: z.literal('sgd'),
    learningRate: learningRate.default(sgdDefaults.learningRate),
    momentum: decay.default(sgdDefaults.momentum),
    nesterov: z.boolean().default(sgdDefaults.nesterov),
    weightDecay: notNegative.default(sgdDefaults.weightDecay),
    clip,
  }),
  fields({ kind: z.literal('adam'), ...adamFields }),
  fields({
    kind: z.literal('adamw'),
    ...adamFields,
    weightDecay: notNegative.default(adamw().weightDecay),
  }),
  fields({
    kind: z.literal('rmsprop'),
    learningRate: learningRate.default(rmspropDefaults.learningRate),
    decay: decay.default(rmspropDefaults.decay),
    momentum: decay.default(rmspropDefaults.momentum),
    epsilon: notNegative.default(rmspropDefaults.epsilon),
    clip,
  }),
])

export type OptimizerConfig = z.output<typeof optimizerSchema>

/**
 * Core's optimizer; a schedule without an end gets the stage's.
 *
 * @throws UserError where such a schedule would end before its warm-up does.
 */
export function optimizerFor(config: OptimizerConfig, totalSteps: number): Optimizer {
  return { ...config, learningRate: learningRateFor(config.learningRate, totalSteps) }
}

function learningRateFor(
  learningRate: OptimizerConfig['learningRate'],
  totalSteps: number,
): LearningRate {
  if (typeof learningRate === 'number') return learningRate
  if (learningRate.kind !== 'cosine' && learningRate.kind !== 'linearDecay') return learningRate
  const { warmupSteps = 0 } = learningRate
  if (learningRate.totalSteps === undefined && warmupSteps >= totalSteps) {
    throw new UserError(
      `warmupSteps of the ${learningRate.kind} schedule must be below the stage's number of steps, ${totalSteps}, ` +
        `not ${warmupSteps}`,
    )
  }
  return { totalSteps, ...learningRate }
}
