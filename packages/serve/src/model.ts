/** What serving asks of a model. */
import type { DType, Shape, Values } from '@gradpool/core'
import type { TableNames } from '@gradpool/core/engine'
import type { RowValues } from '@gradpool/trainer/predict'

/** What a field or a prediction is for one row. */
export interface ValueType {
  readonly dtype: DType
  readonly shape: Shape
}

/** What `loadModel` of `gradpool` or of `gradpool/predict` gives is one. */
export interface ServedModel {
  /** Fields that `predict` reads. */
  readonly inputs: Readonly<Record<string, ValueType>>
  /** What `predict` gives. */
  readonly outputs: Readonly<Record<string, ValueType>>
  /** Equal for models of equal Programs and weights. */
  readonly hash: string
  /** What the numbers are called that it was trained on. */
  readonly table?: TableNames | undefined
  predict(inputs: Readonly<Record<string, RowValues>>): Promise<Readonly<Record<string, Values>>>
  dispose(): Promise<void>
}
