/** A training that takes its batches from the caller: online learning, replay buffers. */
import {
  adam,
  UserError,
  type Clip,
  type DType,
  type FieldsOf,
  type Model,
  type Optimizer,
  type OutputsOf,
  type PredictFieldsOf,
  type UpdateRule,
  type Values,
} from '@gradpool/core'
import { namedStates, weightsHash, type NamedArray } from '@gradpool/storage'
import { availableParallelism } from 'node:os'
import { chooseEngine } from '../choose-engine.js'
import { checkOptions } from '../fit/check-options.js'
import type { DataFor, Judged } from '../fit/fit-types.js'
import { examplesOf, weightsOf } from '../fit/fitted.js'
import { initialStates, type InitFrom } from '../fit/init-from.js'
import { judge } from '../judge.js'
import { Predictor, type PredictionEngine } from '../predict/predictor.js'
import type { RowValues } from '../predict/rows-in.js'
import {
  encodeModel,
  writeModel,
  type SaveOptions,
  type SaveTarget,
} from '../saved-model/save-model.js'
import { tracePrediction } from '../saved-model/trace-rows.js'
import { OnlineTraining } from './online-training.js'
import { StepRunner } from './step-runner.js'

/** What a row has in a field. */
export interface FieldType {
  /** Of one example: `[784]`, or `[]` for a number. */
  readonly shape: readonly number[]
  /** Default: f32. */
  readonly dtype?: DType
}

export interface StartOptions<M extends Model> {
  /** What the rows have that `step` will be given. */
  readonly fields: Readonly<Record<FieldsOf<M>, FieldType>>
  /** Default: adam(). */
  readonly optimizer?: Optimizer | UpdateRule
  /** Into how many parts the gradient of a step is cut, to be summed in order. Default: 1. */
  readonly microBatches?: number
  /** Bounds the gradients. Default: the optimizer's own `clip`. */
  readonly clip?: Clip
  /** Keys initial weights and dropout. Default: 0. */
  readonly seed?: number
  /** The most threads that share a step. Default: all cores. */
  readonly workers?: number
  /** Default: 'auto', which is native code where that is built, else WebAssembly. */
  readonly engine?: PredictionEngine
  /** First values of states of equal name and shape. */
  readonly initFrom?: InitFrom
}

/**
 * Starts a training whose batches the caller brings, of any number of rows each.
 *
 * @throws UserError with one sentence for options that are wrong, or fields that do not fit the model
 */
export async function startTraining<M extends Model>(
  model: M,
  options: StartOptions<M>,
): Promise<Trainer<M>> {
  checkOptions('startTraining', options)
  const { optimizer = adam(), microBatches = 1, clip, seed = 0, initFrom } = options
  const { engine: name = 'auto', workers = availableParallelism() } = options
  const fields = Object.entries<FieldType>(options.fields).map(
    ([name, { shape, dtype = 'f32' }]) => ({ name, shape, dtype }),
  )
  // Of its own: fields are in its memory, which is freed as a whole.
  const engine = await chooseEngine({ engine: name })
  const runner = new StepRunner(engine, workers)
  const made = {
    model,
    fields,
    optimizer,
    microBatches,
    seed,
    engine,
    runner,
    ...(clip && { clip }),
  }
  const state =
    initFrom && (await initialStates(initFrom, OnlineTraining.programFor(made, 1).program))
  const training = await OnlineTraining.create({ ...made, state })
  return new Trainer(model, { ...made, training })
}

interface TrainerParts extends Omit<
  Parameters<typeof OnlineTraining.create>[0],
  'model' | 'state'
> {
  readonly training: OnlineTraining
}

/** Calls take effect in the order in which they are made, and may overlap. */
export class Trainer<M extends Model> {
  readonly #model: M
  readonly #parts: TrainerParts
  #predictor: { readonly predictor: Predictor; readonly steps: number } | undefined
  /** The end of the calls so far. */
  #last: Promise<unknown> = Promise.resolve()
  #isDisposed = false

  /** @internal */
  constructor(model: M, parts: TrainerParts) {
    this.#model = model
    this.#parts = parts
  }

  /** Steps that are done. */
  get steps(): number {
    return this.#parts.training.steps
  }

  /** Copies of parameters and buffers by name, as they are after the steps that are done. */
  get weights(): Readonly<Record<string, Float32Array>> {
    return weightsOf(this.#parts.training.owner.read())
  }

  /** SHA-256 of all states, those of the optimizer included. */
  get weightsHash(): string {
    return weightsHash(this.#parts.training.owner.read())
  }

  /** @internal With their shapes. */
  get states(): ReadonlyMap<string, NamedArray> {
    const { owner } = this.#parts.training
    return namedStates(owner.program.program, owner.read())
  }

  /**
   * One step on these rows: the loss and metrics are those before its update. The arrays must not change meanwhile.
   *
   * @throws UserError for rows that do not fit, or a loss that is not finite; nothing is updated then
   */
  step(rows: Readonly<Record<FieldsOf<M>, RowValues>>): Promise<Judged<M>> {
    // The names are those of the model's step.
    return this.#inTurn(
      () => this.#parts.training.step(rows) as Promise<unknown> as Promise<Judged<M>>,
    )
  }

  /** Loss and metrics over examples: a data set's test examples where it has any, else all of it. */
  evaluate(data: DataFor<M>): Promise<Judged<M>> {
    return this.#inTurn(async () => {
      const { engine, runner, training } = this.#parts
      const by = { engine, runner, model: this.#model, states: { shareStateOf: training.owner } }
      // As above.
      return (await judge(by, await examplesOf(data))) as Judged<M>
    })
  }

  /** Predictions for any number of rows, each `[rows, ...shape]`. */
  predict(
    inputs: Readonly<Record<PredictFieldsOf<M>, RowValues>>,
  ): Promise<Readonly<Record<OutputsOf<M>, Values>>> {
    return this.#inTurn(async () => {
      const predictor = await this.#predictorOfNow()
      // The names are those of the model's predict.
      return (await predictor.predict(inputs)) as Record<OutputsOf<M>, Values>
    })
  }

  /** Writes one file, as `save` of a fitted model does. */
  save(target: SaveTarget, options: SaveOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const { training, seed, engine } = this.#parts
      const { numerics } = engine
      const bytes = encodeModel(
        {
          ...{ model: this.#model, fields: this.#types, states: training.owner.read() },
          training: { ...training.program, shuffle: true },
          provenance: { numerics, seed, options: { steps: training.steps } },
          metrics: {},
        },
        options,
      )
      await writeModel(bytes, target)
    })
  }

  /** Ends its threads and frees memory at once. Nothing needs it: all of it ends with the process. */
  dispose(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isDisposed = true
      const { training, runner } = this.#parts
      training.dispose()
      await runner.close()
      await this.#predictor?.predictor.dispose()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  get #types() {
    const types = this.#parts.fields.map(({ name, ...type }) => [name, type] as const)
    return Object.fromEntries(types)
  }

  async #predictorOfNow(): Promise<Predictor> {
    const { owner, steps } = this.#parts.training
    if (this.#predictor === undefined) {
      const prediction = tracePrediction(this.#model, this.#types)
      if (prediction === undefined) {
        throw new UserError('this model predicts nothing: give its definition a predict function')
      }
      this.#predictor = { predictor: await Predictor.create(prediction, owner.read()), steps }
    } else if (this.#predictor.steps !== steps) {
      this.#predictor.predictor.write(owner.read())
      this.#predictor = { ...this.#predictor, steps }
    }
    return this.#predictor.predictor
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#isDisposed) throw new UserError('this training was disposed')
      return work()
    })
    this.#last = result.catch(() => undefined)
    return result
  }
}
