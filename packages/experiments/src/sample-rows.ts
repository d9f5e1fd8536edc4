/** A few rows of a split, chosen by the seeded generator. */
import { philox, purposeOf } from '@gradpool/core/engine'

const words = new Uint32Array(4)

/** `count` different entries of `rows`, in the order in which they are drawn. */
export function chooseRows(rows: Int32Array, count: number, seed: number, purpose: string): Int32Array {
  const key = purposeOf(purpose)
  const rest = Array.from(rows)
  return Int32Array.from({ length: Math.min(count, rows.length) }, (_, draw) => {
    philox(words, 0, draw, 0, 0, 0, seed, key)
    const [chosen = 0] = rest.splice((words[0] ?? 0) % rest.length, 1)
    return chosen
  })
}
