/**
 * A saved model: what makes predictions, and can be judged and trained further, without the code
 * that made it.
 *
 * The file is a safetensors file. Its tensors are parameters, buffers and, where asked for, the
 * optimizer's states, each under the name that Programs have for it. Its metadata has one text,
 * `gradpool`: the JSON of everything else (docs/file-formats.md).
 */
import type { DType, Shape } from '@gradpool/core'
import type { BatchProgram, MetricSpec, Program, TableNames } from '@gradpool/core/engine'
import type { NamedArray } from '../number-types.js'
import type { ReducedWeights } from './reduced-weights.js'

/** Versions up to this one are read, from 1 on. */
export const FORMAT_VERSION = 1

/** A field that is read, or a prediction: its name, and what it is for one example. */
export interface ValueSpec {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
}

/** The same computation for one row and for a block of rows. Neither changes a state. */
export interface RowPrograms {
  readonly row: Program
  readonly block: Program
  readonly blockRows: number
}

export interface SavedPrediction extends RowPrograms {
  readonly fields: readonly ValueSpec[]
  /** Programs tell all results as f32; `dtype` is that of the prediction before. */
  readonly outputs: readonly ValueSpec[]
}

/** Loss and metrics of examples, as an evaluation has them. */
export interface SavedEvaluation extends RowPrograms {
  /** A file has no functions: a metric that is finished by the user's own is there without it. */
  readonly metrics: readonly MetricSpec[]
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Where a model comes from. */
export interface Provenance {
  /** The version of Gradpool that saved it. */
  readonly gradpool: string
  /** Which bits the engine that trained it computes: `exact`, or another class. */
  readonly numerics?: string
  readonly data?: { readonly name: string; readonly hash: string }
  readonly seed?: number
  readonly epochs?: number
  /** Whatever else made it: optimizer, batch size, configuration. */
  readonly options?: Readonly<Record<string, JsonValue>>
}

/** For people, about a model whose description is `unverified`. */
export const UNVERIFIED_DESCRIPTION = 'unverified: the file has no checksum over its metrics and how it was trained'

export interface ModelContent {
  /** As reading the file gives them, f32. */
  readonly states: ReadonlyMap<string, NamedArray>
  /** How matrices and filters are stored where not as f32. */
  readonly weights?: ReducedWeights | undefined
  readonly predict?: SavedPrediction
  readonly evaluation?: SavedEvaluation
  readonly training?: BatchProgram
  /** What the numbers are called, of a model of a table. */
  readonly table?: TableNames
  readonly provenance: Provenance
  /** The last of training, validation and test. */
  readonly metrics: Readonly<Record<string, JsonValue>>
  /**
   * That the file had no checksum over provenance and metrics, as those of version 0.2: anybody may have changed them.
   * It is written without one again.
   */
  readonly description?: 'unverified' | undefined
}

export interface SavedModel extends ModelContent {
  /** SHA-256, hexadecimal, of states, Programs and names: equal for models that compute and mean the same. */
  readonly hash: string
}
