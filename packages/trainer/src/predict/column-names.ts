/** What the numbers are called that a model was trained on. */
import type { TableNames } from '@gradpool/core/engine'

export abstract class ColumnNames {
  /** @internal Of the data that it was trained on. */
  abstract get table(): TableNames | undefined

  /** Of the field `label`, in the order of its numbers; undefined where the data did not tell. */
  get classNames(): readonly string[] | undefined {
    return this.table?.classNames
  }

  /** Of the field `x`, in its order; undefined where the data were no table. */
  get columns(): readonly string[] | undefined {
    return this.table?.columns
  }

  /** Columns whose numbers are categories, with the names of these in the order of their numbers. */
  get categories(): Readonly<Record<string, readonly string[]>> | undefined {
    return this.table?.categories
  }
}
