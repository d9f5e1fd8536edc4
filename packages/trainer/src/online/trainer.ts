/** A training step by step, as its user has it. */
import { UserError, type FieldsOf, type Model, type OutputsOf, type PredictFieldsOf, type Values } from '@gradpool/core'
import type { StateValues } from '@gradpool/core/engine'
import { namedStates, weightsHash, type NamedArray } from '@gradpool/storage'
import type { DataFor, Judged } from '../fit/fit-types.js'
import { examplesOf, predictionOf, weightsOf } from '../fit/fitted.js'
import { judge } from '../judge.js'
import { Predictor } from '../predict/predictor.js'
import type { RowValues } from '../predict/rows-in.js'
import { reducedOf, saveBytes, type SaveOptions, type SaveReport, type SaveTarget } from '../saved-model/save-model.js'
import type { OnlineOptions, OnlineTraining } from './online-training.js'

export interface TrainerParts extends OnlineOptions {
  readonly training: OnlineTraining
}

/** Calls take effect in the order in which they are made, and may overlap. */
export class Trainer<M extends Model> {
  readonly #parts: TrainerParts
  #predictor: { readonly predictor: Predictor; readonly steps: number } | undefined
  /** The end of the calls so far. */
  #last: Promise<unknown> = Promise.resolve()
  #isDisposed = false

  /** @internal */
  constructor(parts: TrainerParts) {
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
   * One step on these rows: the loss and metrics are those before its update. The arrays must not
   * change meanwhile.
   *
   * @throws UserError for rows that do not fit, or a loss that is not finite; nothing is updated
   *   then
   */
  step(rows: Readonly<Record<FieldsOf<M>, RowValues>>): Promise<Judged<M>> {
    return this.#inTurn(async () => {
      const metrics: unknown = await this.#parts.training.step(rows)
      // The names are those of the model's step.
      return metrics as Judged<M>
    })
  }

  /**
   * Loss and metrics over examples: a data set's test examples where it has any, else all of it.
   */
  evaluate(data: DataFor<M>): Promise<Judged<M>> {
    return this.#inTurn(async () => {
      const { engine, runner, training, programsFor } = this.#parts
      const split = await examplesOf(data)
      const by = { engine, runner, states: { shareStateOf: training.owner } }
      return judge<M>(by, programsFor(1).evaluate(split), split)
    })
  }

  /** Predictions for any number of rows, each `[rows, ...shape]`. */
  predict(inputs: Readonly<Record<PredictFieldsOf<M>, RowValues>>): Promise<Readonly<Record<OutputsOf<M>, Values>>> {
    return this.#inTurn(async () => {
      const predictor = await this.#predictorOfNow()
      // The names are those of the model's predict.
      const predictions: unknown = await predictor.predict(inputs)
      return predictions as Record<OutputsOf<M>, Values>
    })
  }

  /** Writes one file, as `save` of a fitted model does; what smaller weights change is judged over `data`. */
  save(
    target: SaveTarget,
    { data, ...options }: SaveOptions & { readonly data?: DataFor<M> } = {},
  ): Promise<SaveReport<Judged<M>>> {
    return this.#inTurn(async () => {
      const { training, seed, engine, runner, programsFor } = this.#parts
      const split = data && reducedOf(options.weights) ? await examplesOf(data) : undefined
      const bytes = programsFor(1).encode(
        {
          fields: training.data.fields,
          states: training.owner.read(),
          metrics: {},
          training: { ...training.program, shuffle: true },
          provenance: { numerics: engine.numerics, seed, options: { steps: training.steps } },
        },
        options,
      )
      if (split === undefined) return saveBytes(bytes, target)
      const program = programsFor(1).evaluate(split)
      const by = (state: StateValues) => judge<M>({ engine, runner, states: { state } }, program, split)
      return saveBytes(bytes, target, { states: training.owner.read(), by })
    })
  }

  /**
   * Ends its threads and frees memory at once. Nothing needs it: all of it ends with the process.
   */
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

  async #predictorOfNow(): Promise<Predictor> {
    const { programsFor, training } = this.#parts
    const { owner, steps, data } = training
    if (this.#predictor === undefined) {
      const prediction = predictionOf(programsFor(1), data.fields)
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
