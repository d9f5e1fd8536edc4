/**
 * Datasets as engines see them: named fields in flat memory, and splits that are lists of row
 * numbers.
 *
 * A split never copies examples: training, validation and test sets share their fields' memory.
 */
import type { DType, Shape, Values } from '../program/dtype.js'

/** One field of every example, `[numExamples, ...shape]`, row-major. */
export interface Field {
  readonly dtype: DType
  /** Shape of one example's value: `[784]` for an image, `[]` for a label. */
  readonly shape: Shape
  readonly values: Values
}

/** Some examples of a dataset: their fields, and the rows that belong to this split. */
export interface Split {
  readonly fields: Readonly<Record<string, Field>>
  readonly rows: Int32Array
}

/** Memory for `numBytes` bytes; engines hand out memory that all their workers see. */
export type Allocate = (numBytes: number) => Uint8Array
