/**
 * Where a training takes its Programs from: a model's functions, or a file in which they were
 * saved.
 */
import { adam, UserError, type Model, type Params } from '@gradpool/core'
import { evaluation, isRule, recordingLines, train, type BatchProgram, type Split } from '@gradpool/core/engine'
import {
  encodeSavedModel,
  namedStates,
  type JsonValue,
  type Provenance,
  type SavedModel,
  type SavedPrediction,
} from '@gradpool/storage'
import type { LearningOptions } from './fit/fit-types.js'
import { encodeModel, ownStates, reducedOf, type SaveOptions, type TrainedModel } from './saved-model/save-model.js'
import { tracePrediction } from './saved-model/trace-rows.js'

/** Examples per step of an evaluation; results do not depend on it but for how sums round. */
const EVALUATION_BATCH = 100

/** Examples in a training step where nothing is said. */
export const DEFAULT_BATCH_SIZE = 32

/** What was trained, to be saved. */
type TrainedStates = Omit<TrainedModel, 'model'> & Required<Pick<TrainedModel, 'training'>>

export interface Programs {
  /** The parameters of the model for such data; absent where they are those of a file. */
  readonly paramsFor?: (data: Split) => Params
  /** Of a training on these examples. */
  train(data: Split): BatchProgram
  /** The same with no batch cut into parts, and the lines of the model's code recorded. */
  readonly retrace?: (data: Split) => BatchProgram
  /** Of loss and metrics over these examples. */
  evaluate(data: Split): BatchProgram
  /** What a saved model tells of how it learned. */
  readonly options?: Provenance['options']
  /** Undefined where nothing is predicted. */
  predict(fields: Split['fields']): SavedPrediction | undefined
  /** The bytes of a saved model. */
  encode(trained: TrainedStates, options: SaveOptions): Uint8Array
}

/** The Programs of a model. */
export function tracedPrograms(model: Model, options: LearningOptions & { readonly epochs?: number }): Programs {
  const { batchSize = DEFAULT_BATCH_SIZE, shuffle = true, microBatches = 1, accumulate = 1 } = options
  const { optimizer = adam(), epochs, clip, ema, lastBatch = 'keep' } = options
  const learning = {
    batchSize,
    shuffle,
    lastBatch,
    microBatches,
    accumulate,
    optimizer,
    ...(clip && { clip }),
    ...(ema !== undefined && { ema }),
  }
  const trained = (data: Split, more = {}) => {
    const batches = data.rows.length / batchSize
    const steps = lastBatch === 'drop' && batches > 1 ? Math.floor(batches) : Math.ceil(batches)
    const totalSteps = epochs && epochs * steps
    return train(model, { ...learning, ...(totalSteps && { totalSteps }), ...more, data })
  }
  return {
    paramsFor: ({ fields }) => model.forData({ fields }).params,
    train: (data) => trained(data),
    retrace: (data) => recordingLines(() => trained(data, { microBatches: 1 })),
    evaluate: (data) => evaluation(model, { batchSize: EVALUATION_BATCH, data }),
    options: learningRecord({ optimizer, clip, ema, ...(accumulate > 1 && { accumulate }) }),
    predict: (fields) => tracePrediction(model, fields),
    encode: (trained, save) => encodeModel({ model, ...trained }, save),
  }
}

/**
 * Those of a file. They are for fixed numbers of rows: of a training, examples that fill no batch
 * are left out of an epoch (others in each, where it is shuffled); an evaluation goes row by row
 * where its block does not divide the examples.
 *
 * @throws UserError where the model was saved without what is asked for
 */
export function savedPrograms(saved: SavedModel): Programs {
  return {
    train(data) {
      const { training } = saved
      if (training === undefined) {
        throw new UserError(
          'this model was saved without its training Program, so only its own code can train it further',
        )
      }
      const { tail, ...program } = training
      const numExamples = data.rows.length
      if (numExamples < program.batchSize) {
        throw new UserError(
          `this model was saved to train on batches of ${program.batchSize} examples, and the data has ${numExamples}`,
        )
      }
      const isSame = tail && numExamples % program.batchSize === training.numExamples % program.batchSize
      return { ...program, numExamples, ...(isSame && { tail }) }
    },
    evaluate(data) {
      const { evaluation } = saved
      if (evaluation === undefined) throw new UserError('this model was saved without its metrics')
      const { row, block, blockRows, metrics } = evaluation
      const numExamples = data.rows.length
      const isWhole = numExamples % blockRows === 0
      const part = isWhole ? { program: block, batchSize: blockRows } : { program: row, batchSize: 1 }
      return { ...part, numExamples, shuffle: false, metrics }
    },
    ...(saved.provenance.options && { options: saved.provenance.options }),
    predict: () => saved.predict,
    encode({ states, training, table, provenance, metrics }, { optimizer = false, weights }) {
      const { gradpool } = saved.provenance
      return encodeSavedModel({
        ...saved,
        states: namedStates(training.program, optimizer ? states : ownStates(states)),
        weights: reducedOf(weights),
        metrics,
        ...(table && { table }),
        provenance: { gradpool, ...provenance },
        // This training made them.
        description: undefined,
      })
    },
  }
}

/** For people: a rule of one's own has no name, and what is undefined is left out. */
function learningRecord(learning: {
  readonly [Option in 'optimizer' | 'clip' | 'ema' | 'accumulate']?: LearningOptions[Option] | undefined
}): Readonly<Record<string, JsonValue>> {
  const named = (_: string, value: unknown) => (isRule(value) ? 'a rule of its own' : value)
  // Optimizers and clips are plain data.
  return JSON.parse(JSON.stringify(learning, named)) as Readonly<Record<string, JsonValue>>
}
