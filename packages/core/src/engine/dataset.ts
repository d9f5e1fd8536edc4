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
  /**
   * Set where the values are not in memory: the file that has them, row-major and little-endian. To ask for `values`
   * reads all of it.
   */
  readonly file?: FieldFile
}

export interface FieldFile {
  readonly path: string
  readonly numRows: number
}

/** Rows are shuffled in blocks, so that rows which are trained on together lie together in a file. */
export interface BlockShuffle {
  /** Consecutive rows of the split that make a block. The blocks are shuffled. */
  readonly blockRows: number
  /** Blocks one after the other, in the shuffled order, that make a group. The rows of a group are shuffled. */
  readonly groupBlocks: number
}

/** Rows of like length come into one batch. */
export interface LengthShuffle {
  /** The field of whole numbers, one a row, that has the lengths. */
  readonly byLength: string
  /** Of so many batches, drawn at random, the rows are sorted by length before they are cut into batches. */
  readonly poolBatches: number
}

/** How passes read rows. */
export interface Reading {
  /** The order of a pass that is shuffled. Default: any row may come at any place. */
  readonly shuffle?: BlockShuffle | LengthShuffle
  /** Memory for rows that are not in memory. It changes no result. */
  readonly windowBytes?: number
}

/** Some examples of a dataset: their fields, and the rows that belong to this split. */
export interface Split {
  readonly fields: Readonly<Record<string, Field>>
  readonly rows: Int32Array
  readonly reading?: Reading
}

/** Memory for `numBytes` bytes; engines hand out memory that all their workers see. */
export type Allocate = (numBytes: number) => Uint8Array
