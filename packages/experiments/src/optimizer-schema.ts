/**
 * Optimizers, schedules and clipping as a configuration may give them: the data of core, with its defaults.
 *
 * A cosine or linear schedule may leave out `totalSteps`; it then ends with the stage.
 */
import { z } from 'zod'

const rate = z.number().min(0)
const decay = z.number().min(0).lt(1)
const steps = z.int().min(1)
const warmupSteps = z.exactOptional(z.int().min(0))

const toAnEnd = {
  learningRate: rate,
  totalSteps: z.exactOptional(steps),
  final: z.exactOptional(rate),
  warmupSteps,
}

const schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cosine'), ...toAnEnd }),
  z.strictObject({ kind: z.literal('linear'), ...toAnEnd }),
  z.strictObject({
    kind: z.literal('exponentialDecay'),
    learningRate: rate,
    rate: z.number().positive(),
    decaySteps: z.exactOptional(steps),
    warmupSteps,
  }),
  z.strictObject({
    kind: z.literal('stepDecay'),
    learningRate: rate,
    rate: z.number().positive(),
    decaySteps: steps,
    warmupSteps,
  }),
  z.strictObject({
    kind: z.literal('piecewiseConstant'),
    boundaries: z.array(steps).readonly(),
    values: z.array(rate).min(1).readonly(),
    warmupSteps,
  }),
])

const clip = z.exactOptional(
  z.strictObject({ kind: z.enum(['globalNorm', 'value']), max: z.number().positive() }),
)

const learningRate = z.union([rate, schedule])

const adamFields = {
  learningRate: learningRate.default(0.001),
  beta1: decay.default(0.9),
  beta2: decay.default(0.999),
  epsilon: z.number().min(0).default(1e-8),
  clip,
}

export const optimizerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd'),
    learningRate: learningRate.default(0.01),
    momentum: decay.default(0),
    nesterov: z.boolean().default(false),
    weightDecay: z.number().min(0).default(0),
    clip,
  }),
  z.strictObject({ kind: z.literal('adam'), ...adamFields }),
  z.strictObject({
    kind: z.literal('adamw'),
    ...adamFields,
    weightDecay: z.number().min(0).default(0.01),
  }),
  z.strictObject({
    kind: z.literal('rmsprop'),
    learningRate: learningRate.default(0.001),
    decay: decay.default(0.99),
    momentum: decay.default(0),
    epsilon: z.number().min(0).default(1e-8),
    clip,
  }),
])

export type OptimizerConfig = z.output<typeof optimizerSchema>
