/**
 * What `fit` gives: the history, the weights, and what they are good for. It keeps nothing alive:
 * threads that judge or predict are started when first needed, and end with the process.
 */
import type { Direction, Model, OutputsOf, PredictFieldsOf, Values } from '@gradpool/core'
import type { BatchProgram, Engine, Field, Split, StateValues, TableNames } from '@gradpool/core/engine'
import { UserError } from '@gradpool/core'
import { inMemory, loadDataset, type DataInput } from '@gradpool/datasets'
import { namedStates, weightsHash, type NamedArray, type Provenance } from '@gradpool/storage'
import { judge } from '../judge.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import type { Programs } from '../programs.js'
import { StepRunner } from '../online/step-runner.js'
import { DataNames } from '../predict/data-names.js'
import { goOn, type SeriesValues } from '../predict/go-on.js'
import { Predictor } from '../predict/predictor.js'
import type { RowValues } from '../predict/rows-in.js'
import { rowsOf } from '../predict/rows-of.js'
import {
  ownStates,
  reducedOf,
  saveBytes,
  type SaveOptions,
  type SaveReport,
  type SaveTarget,
} from '../saved-model/save-model.js'
import type { DataFor, Judged, Presence, Row } from './fit-types.js'

/** What a training leaves. */
export interface FittedParts {
  readonly programs: Programs
  readonly engine: Engine
  readonly history: readonly EpochRow[]
  readonly bestEpoch: number | undefined
  /** All states by name. */
  readonly states: StateValues
  readonly training: BatchProgram
  readonly trainingData: Split
  readonly test: Split | undefined
  /** What the numbers of a table are called. */
  readonly table: TableNames | undefined
  /** Where it comes from; asked for when it is saved. */
  readonly provenance: () => Omit<Provenance, 'gradpool'>
}

export class Fitted<M extends Model = Model, H extends Presence = Presence> extends DataNames {
  /** One row for each epoch. */
  readonly history: readonly Row<M, H>[]
  /** The epoch with the best `monitor`; undefined where nothing was monitored. */
  readonly bestEpoch: number | undefined
  readonly #parts: FittedParts
  readonly #runner: StepRunner
  #predictor: Promise<Predictor> | undefined

  /** @internal */
  constructor(parts: FittedParts) {
    super()
    this.#parts = parts
    // The names are those of the model's step.
    this.history = parts.history as unknown as readonly Row<M, H>[]
    this.bestEpoch = parts.bestEpoch
    this.#runner = new StepRunner(parts.engine, 1)
  }

  /** Epochs that were trained. */
  get epochs(): number {
    return this.history.length
  }

  /** Copies of parameters and buffers by name. */
  get weights(): Readonly<Record<string, Float32Array>> {
    return weightsOf(this.#parts.states)
  }

  /** SHA-256 of all states, those of the optimizer included, as `gradpool run` tells it. */
  get weightsHash(): string {
    return weightsHash(this.#parts.states)
  }

  /** @internal With their shapes. */
  get states(): ReadonlyMap<string, NamedArray> {
    return namedStates(this.#parts.training.program, this.#parts.states)
  }

  /**
   * Loss and metrics over examples: a data set's test examples where it has any, else all of it.
   * Default: `test` of the training.
   *
   * @throws UserError where there are none, or they do not fit the model
   */
  async evaluate(data?: DataFor<M>): Promise<Judged<M>> {
    const { test, table } = this.#parts
    const split = data === undefined ? test : await examplesOf(data, table)
    if (split === undefined) {
      throw new UserError(
        'evaluate() has no examples: the training was given no `test`, so give it some, as evaluate(data)',
      )
    }
    return this.evaluateSplit(split)
  }

  /** @internal */
  get table(): TableNames | undefined {
    return this.#parts.table
  }

  /** @internal */
  async evaluateSplit(
    split: Split,
    states: Readonly<Record<string, Float32Array>> = this.#parts.states,
  ): Promise<Judged<M>> {
    const { engine, programs } = this.#parts
    const by = { engine, runner: this.#runner, states: { state: ownStates(states) } }
    return judge<M>(by, programs.evaluate(split), split)
  }

  /** @internal Whether less or more of a metric is better, where it says so. */
  directionOf(metric: string, split: Split): Direction | undefined {
    return this.#parts.programs.evaluate(split).metrics.find(({ name }) => name === metric)?.direction
  }

  /**
   * Predictions for any number of rows, each `[rows, ...shape]`. Calls may overlap; arrays must not
   * change meanwhile.
   *
   * @throws UserError where the model has no `predict`, or the rows do not fit it
   */
  async predict(
    inputs: Readonly<Record<PredictFieldsOf<M>, RowValues>>,
  ): Promise<Readonly<Record<OutputsOf<M>, Values>>> {
    const predictor = await (this.#predictor ??= this.#makePredictor())
    // The names are those of the model's predict.
    return (await predictor.predict(inputs)) as Record<OutputsOf<M>, Values>
  }

  /**
   * The steps after a series, by a model of windows, such as `forecast`: `fitted.forecast(load, 24)`. The series is the
   * numbers of its column, or its columns by name in the order of the windows'; the last of them are what is seen. More
   * steps than the horizon go on from the model's own predictions, where there is one column.
   *
   * @throws UserError for another model, a series that is too short, or more steps than can be told
   */
  async forecast(series: SeriesValues, steps: number): Promise<Float32Array> {
    const { programs, trainingData } = this.#parts
    const { fields, outputs } = predictionOf(programs, trainingData.fields)
    const predict = async (inputs: Readonly<Record<string, RowValues>>) =>
      (await (this.#predictor ??= this.#makePredictor())).predict(inputs)
    return goOn({ fields, outputs, predict }, series, steps)
  }

  /**
   * @internal Predictions of examples, in the order of their rows; undefined where the model predicts nothing, or from
   *   what the examples do not have.
   */
  async predictSplit({ fields, rows }: Split): Promise<Readonly<Record<OutputsOf<M>, Values>> | undefined> {
    const inputs = this.predictFields(fields)
    if (inputs === undefined) return undefined
    const memory = inMemory({ fields: inputs, rows })
    const taken = Object.entries(memory.fields).map(([name, field]) => [name, rowsOf(field, memory.rows)] as const)
    // The names are those of the model's predict.
    return this.predict(Object.fromEntries(taken) as Record<PredictFieldsOf<M>, RowValues>)
  }

  /** @internal Those of these fields that predictions are made from; undefined where one is not there. */
  predictFields(fields: Split['fields']): Readonly<Record<PredictFieldsOf<M>, Field>> | undefined {
    const { programs, trainingData } = this.#parts
    const wanted = programs.predict(trainingData.fields)?.fields
    const found = wanted?.flatMap(({ name }) => {
      const field = fields[name]
      return field === undefined ? [] : [[name, field] as const]
    })
    if (found === undefined || found.length !== wanted?.length) return undefined
    return Object.fromEntries(found) as Record<PredictFieldsOf<M>, Field>
  }

  /**
   * Writes one file that predicts, judges and trains on without the model's code: to a path, a
   * `file:` URL or a stream. With `weights: 'f16'` or `'i8'` the file is smaller, and the report tells what that
   * changes: over `data`, else over `test` of the training.
   *
   * @throws UserError for a prediction that depends on other rows of its batch, or where it cannot
   *   be written
   */
  async save(
    target: SaveTarget,
    { data, ...options }: SaveOptions & { readonly data?: DataFor<M> } = {},
  ): Promise<SaveReport<Judged<M>>> {
    const { test, table, states } = this.#parts
    const bytes = this.toBytes(options)
    if (reducedOf(options.weights) === undefined) return saveBytes(bytes, target)
    const split = data === undefined ? test : await examplesOf(data, table)
    return saveBytes(bytes, target, split && { states, by: (reduced) => this.evaluateSplit(split, reduced) })
  }

  /** The bytes of that file. */
  toBytes(options: SaveOptions = {}): Uint8Array {
    const { programs, states, training, trainingData, table, provenance, history } = this.#parts
    const { validation, ...row } = history.at(-1) ?? {}
    // Equal models are equal files: nothing of the clock.
    const own = Object.entries(row).filter(([name]) => name !== 'epoch' && name !== 'seconds')
    const metrics = {
      ...Object.fromEntries(own),
      ...(validation && { validation: { ...validation } }),
    }
    const trained = { fields: trainingData.fields, states, training, table, metrics }
    return programs.encode({ ...trained, provenance: provenance() }, options)
  }

  /**
   * Ends its threads and frees memory at once. Nothing needs it: all of it ends with the process.
   */
  async dispose(): Promise<void> {
    await this.#runner.close()
    await (await this.#predictor)?.dispose()
  }

  async #makePredictor(): Promise<Predictor> {
    const { programs, states, trainingData } = this.#parts
    return Predictor.create(predictionOf(programs, trainingData.fields), states)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}

/** Copies of parameters and buffers. */
export function weightsOf(states: StateValues): Record<string, Float32Array> {
  const own = Object.entries(ownStates(states)).map(([name, values]) => [name, values.slice()] as const)
  return Object.fromEntries(own)
}

/** @throws UserError where nothing is predicted */
export function predictionOf(programs: Pick<Programs, 'predict'>, fields: Split['fields']) {
  const prediction = programs.predict(fields)
  if (prediction !== undefined) return prediction
  throw new UserError('this model predicts nothing: give its definition a predict function')
}

/** Those to judge on, of which tables are read by the names that the model has. */
export async function examplesOf(data: DataInput, names?: TableNames): Promise<Split> {
  const { name, encoder, splits } = await loadDataset(data, { names })
  if (encoder && encoder.hash !== names?.encoder?.hash) {
    throw new UserError(`${name} were made by another encoder than the data that the model was trained on`)
  }
  return splits.test ?? splits.all
}
