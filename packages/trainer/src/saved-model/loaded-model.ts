/** A model from a file: what it predicts, and what the file says about it. */
import { UserError, type DType, type Shape, type Values } from '@gradpool/core'
import { flopsOf, sizeOf, type TableNames } from '@gradpool/core/engine'
import {
  encodeSavedModel,
  UNVERIFIED_DESCRIPTION,
  valuesOf,
  weightsHash,
  type NamedArray,
  type SavedModel,
  type ValueSpec,
} from '@gradpool/storage'
import { tokensText, type DataInput } from '@gradpool/datasets'
import type { SavedFitOptions, SavedNames } from '../fit/fit-saved.js'
import type { Judged } from '../fit/fit-types.js'
import type { Fitted } from '../fit/fitted.js'
import { DataNames } from '../predict/data-names.js'
import { goOn, type SeriesValues } from '../predict/go-on.js'
import type { Predictor } from '../predict/predictor.js'
import { type RowValues, typesText } from '../predict/rows-in.js'
import {
  isOwnState,
  ownStates,
  reducedOf,
  saveBytes,
  type SaveOptions,
  type SaveReport,
  type SaveTarget,
} from './save-model.js'

/** What a field or a prediction is for one row. */
export interface ValueType {
  readonly dtype: DType
  readonly shape: Shape
}

const NO_PREDICTION = 'this model was saved without a prediction, since its definition has no predict function'

export class LoadedModel<Input extends string, Outputs extends Readonly<Record<string, Values>>> extends DataNames {
  /** Fields that `predict` reads. */
  readonly inputs: Readonly<Record<Input, ValueType>>
  /** What `predict` gives. */
  readonly outputs: Readonly<Record<keyof Outputs & string, ValueType>>
  /** @internal */
  readonly saved: SavedModel
  readonly #predictor: Predictor | undefined
  readonly #wanted: ReadonlySet<string> | undefined

  /** @internal @param wanted names of outputs; all where undefined */
  constructor(saved: SavedModel, predictor: Predictor | undefined, wanted?: readonly string[]) {
    super()
    this.saved = saved
    this.#predictor = predictor
    this.#wanted = wanted && new Set(wanted)
    const { fields = [], outputs = [] } = saved.predict ?? {}
    // The names were checked against the file, if there are any in the types.
    this.inputs = byName(fields) as Readonly<Record<Input, ValueType>>
    this.outputs = byName(outputs.filter(({ name }) => this.#wanted?.has(name) ?? true)) as Readonly<
      Record<keyof Outputs & string, ValueType>
    >
  }

  /** @internal */
  get table(): TableNames | undefined {
    return this.saved.table
  }

  /** Equal for models of equal Programs and weights. */
  get hash(): string {
    return this.saved.hash
  }

  /** As runs and `verify` tell it: of parameters and buffers. */
  get weightsHash(): string {
    return weightsHash(ownStates(valuesOf(this.saved.states)))
  }

  /** As they were at the end of training. */
  get metrics(): SavedModel['metrics'] {
    return this.saved.metrics
  }

  get provenance(): SavedModel['provenance'] {
    return this.saved.provenance
  }

  /**
   * Whether a checksum covers {@link metrics} and {@link provenance}. Files of version 0.2 have none: their description
   * is `unverified`.
   */
  get description(): 'verified' | 'unverified' {
    return this.saved.description ?? 'verified'
  }

  /** Parameters and buffers by name, and the optimizer's states where they were saved. */
  get weights(): Readonly<Record<string, NamedArray>> {
    return Object.fromEntries(this.saved.states)
  }

  /**
   * Predictions for any number of rows, each an array `[rows, ...shape]`. Calls may overlap; the
   * arrays must not change until they have ended.
   *
   * @throws UserError for a field of the wrong name, size or type, or where the model was saved
   *   without a prediction
   */
  predict(inputs: Readonly<Record<Input, RowValues>>): Promise<Outputs> {
    if (!this.#predictor) return Promise.reject(new UserError(NO_PREDICTION))
    // The names and types of its outputs were checked against those of the file.
    return this.#predictor.predict(inputs, this.#wanted) as Promise<Outputs>
  }

  /**
   * The steps after a series, by a model of windows: see `Fitted.forecast`.
   *
   * @throws UserError for another model, a series that is too short, or more steps than can be told
   */
  async forecast(series: SeriesValues, steps: number): Promise<Float32Array> {
    const predictor = this.#predictor
    if (!predictor) throw new UserError(NO_PREDICTION)
    const { fields = [], outputs = [] } = this.saved.predict ?? {}
    return goOn({ fields, outputs, predict: (inputs) => predictor.predict({ ...inputs }) }, series, steps)
  }

  /**
   * Loss and metrics over examples: a data set's test examples where it has any, else all of it.
   *
   * @throws UserError where the model was saved without metrics, or the data does not fit it
   */
  async evaluate(data: DataInput): Promise<Judged<SavedNames<Input, keyof Outputs & string>>> {
    const { judgeSaved } = await import('../fit/fit-saved.js')
    return judgeSaved(this.saved, data)
  }

  /**
   * Trains on from these weights, without the model's code: with the optimizer and the batch size
   * that it was saved with.
   *
   * @throws UserError as `fit`, and where the model was saved without its training Program
   */
  async fit(
    options: SavedFitOptions<SavedNames<Input, keyof Outputs & string>>,
  ): Promise<Fitted<SavedNames<Input, keyof Outputs & string>, 'maybe'>> {
    const { fitSaved } = await import('../fit/fit-saved.js')
    return fitSaved(this.saved, options)
  }

  /**
   * Writes the model again, as `save` of a fitted model does: with `weights: 'f16'` or `'i8'` a smaller file, and what
   * that changes is judged over `data`.
   *
   * @throws UserError where the data does not fit, or it cannot be written
   */
  async save(
    target: SaveTarget,
    { data, optimizer = false, weights }: SaveOptions & { readonly data?: DataInput } = {},
  ): Promise<SaveReport<Judged<SavedNames<Input, keyof Outputs & string>>>> {
    const { saved } = this
    const own = new Map([...saved.states].filter(([name]) => optimizer || isOwnState(name)))
    const bytes = encodeSavedModel({ ...saved, states: own, weights: reducedOf(weights) })
    if (data === undefined || reducedOf(weights) === undefined) return saveBytes(bytes, target)
    const { splitJudge } = await import('../fit/fit-saved.js')
    const by = await splitJudge<SavedNames<Input, keyof Outputs & string>>(saved, data)
    return saveBytes(bytes, target, { states: valuesOf(saved.states), by })
  }

  /** @internal With their shapes. */
  get states(): ReadonlyMap<string, NamedArray> {
    return this.saved.states
  }

  /** Ends its thread and frees its memory, after the calls under way. */
  async dispose(): Promise<void> {
    await this.#predictor?.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  /** Layers, what it reads and predicts, and how it was made, for people. */
  summary(): string {
    const { states, weights: type, predict, table, provenance, metrics, description, hash } = this.saved
    const weights = [...states].map(([name, { shape }]) => [
      name,
      `[${shape.join(', ')}]`,
      sizeOf(shape).toLocaleString('en'),
    ])
    const widths = [0, 1].map((column) => Math.max(...weights.map((cells) => cells[column]?.length ?? 0)))
    const numWeights = [...states.values()].reduce((sum, { values }) => sum + values.length, 0)
    return [
      ...weights.map(([name = '', shape = '', size = '']) =>
        [name.padEnd(widths[0] ?? 0), shape.padEnd(widths[1] ?? 0), size].join('  '),
      ),
      `values     ${numWeights.toLocaleString('en')}${type === undefined ? '' : `, stored as ${type}`}`,
      ...(predict
        ? [
            `reads      ${typesText(predict.fields)}`,
            `predicts   ${typesText(predict.outputs)}`,
            `work       ${flopsOf(predict.row).toLocaleString('en')} operations a row`,
          ]
        : []),
      ...Object.entries({
        ...table,
        ...(table?.tokens && { tokens: tokensText(table.tokens) }),
        ...provenance,
        ...metrics,
      }).map(([name, value]) => `${name.padEnd(10)} ${typeof value === 'string' ? value : JSON.stringify(value)}`),
      ...(description === undefined ? [] : [`description ${UNVERIFIED_DESCRIPTION}`]),
      `hash       ${hash}`,
    ].join('\n')
  }

  override toString(): string {
    return this.summary()
  }
}

function byName(specs: readonly ValueSpec[]): Record<string, ValueType> {
  return Object.fromEntries(specs.map(({ name, dtype, shape }) => [name, { dtype, shape }]))
}
