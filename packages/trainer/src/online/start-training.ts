/** A training that takes its batches from the caller: online learning, replay buffers. */
import { adam, type DType, type FieldsOf, type Model } from '@gradpool/core'
import { availableCores, modelFor } from '@gradpool/core/engine'
import { chooseEngine } from '../choose-engine.js'
import { checkOptions } from '../fit/check-options.js'
import type { LearningOptions, TrainingOptions } from '../fit/fit-types.js'
import type { PredictionEngine } from '../predict/predictor.js'
import { tracedPrograms } from '../programs.js'
import { OnlineTraining } from './online-training.js'
import { StepRunner } from './step-runner.js'
import { Trainer } from './trainer.js'

/** What a row has in a field. */
export interface FieldType {
  /** Of one example: `[784]`, or `[]` for a number. */
  readonly shape: readonly number[]
  /** Default: f32. */
  readonly dtype?: DType
}

export interface StartOptions<M extends Model>
  extends
    Omit<LearningOptions, 'batchSize' | 'shuffle' | 'lastBatch'>,
    Pick<TrainingOptions<string, never>, 'seed' | 'initFrom'> {
  /** What the rows have that `step` will be given. */
  readonly fields: Readonly<Record<FieldsOf<M>, FieldType>>
  /** The most threads that share a step. Default: all cores. */
  readonly workers?: number
  /** Default: 'auto', which is native code where that is built, else WebAssembly. */
  readonly engine?: PredictionEngine
}

/**
 * Starts a training whose batches the caller brings, of any number of rows each.
 *
 * @throws UserError with one sentence for options that are wrong, or fields that do not fit the
 *   model
 */
export async function startTraining<M extends Model>(model: M, options: StartOptions<M>): Promise<Trainer<M>> {
  checkOptions('startTraining', options)
  const { optimizer = adam(), microBatches = 1, clip, ema, accumulate = 1, seed = 0, initFrom } = options
  const { engine: name = 'auto', workers = availableCores() } = options
  const fields = Object.entries<FieldType>(options.fields).map(([name, { shape, dtype = 'f32' }]) => ({
    name,
    shape,
    dtype,
  }))
  // Of its own: fields are in its memory, which is freed as a whole.
  const engine = await chooseEngine({ engine: name })
  const runner = new StepRunner(engine, workers)
  const learning = { optimizer, microBatches, accumulate, ...(clip && { clip }), ...(ema !== undefined && { ema }) }
  const shaped = modelFor(model, {
    fields: Object.fromEntries(fields.map(({ name, ...type }) => [name, type])),
  })
  const programsFor = (batchSize: number) => tracedPrograms(shaped, { ...learning, batchSize, shuffle: false })
  const given = { fields, seed, engine, runner, programsFor }
  return new Trainer({ ...given, training: await OnlineTraining.create(given, initFrom) })
}
