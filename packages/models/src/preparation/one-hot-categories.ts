/** Columns of categories as numbers that a network can weigh. */
import { concat, constant, equal, slice, type Tensor, UserError } from '@gradpool/core'
import type { TableNames } from '@gradpool/core/engine'
import { fitting } from './scaler.js'

/**
 * Each column of categories becomes a number for each category, 1 for the one that it is and 0 for the others; a
 * category without a number, or none, is zeros. The other columns stay, and all are in the order of the table.
 *
 * @param names of the columns of `x`, and of their categories: those of a data set
 */
export function oneHotCategories({ columns = [], categories = {} }: Pick<TableNames, 'columns' | 'categories'>): {
  /** Numbers of one row. */
  readonly width: number
  /** [batch, columns] as [batch, width]. */
  apply(x: Tensor): Tensor
} {
  const sizes = new Map(Object.entries(categories).map(([column, names]) => [column, names.length]))
  const unknown = [...sizes.keys()].find((column) => !columns.includes(column))
  if (unknown !== undefined) throw new UserError(`oneHotCategories has no column '${unknown}'`)
  const width = columns.reduce((sum, column) => sum + (sizes.get(column) ?? 1), 0)
  return {
    width,
    apply(x) {
      if (sizes.size === 0) return x
      const numbers = fitting('oneHotCategories', x, [columns.length])
      const part = (from: number, count: number) => slice(numbers, [0, from], [numbers.shape[0] ?? 1, count])
      const parts: Tensor[] = []
      let from = 0
      columns.forEach((column, at) => {
        const size = sizes.get(column)
        if (size === undefined) return
        // The numbers before it are one part, however many.
        if (at > from) parts.push(part(from, at - from))
        parts.push(
          equal(
            part(at, 1),
            constant(
              Array.from({ length: size }, (_, number) => number),
              [size],
            ),
          ),
        )
        from = at + 1
      })
      if (columns.length > from) parts.push(part(from, columns.length - from))
      return concat(parts, 1)
    },
  }
}
