/** The oracle: every row looked at, bits compared one by one, all sorted, in plain loops over numbers. */
import type { Neighbour } from '../neighbour.js'

export interface Item {
  readonly id: number
  readonly label: number | null
  /** Real-valued, as the index keeps them. */
  readonly code: readonly number[]
}

export interface Question {
  readonly query: readonly number[]
  readonly k: number
  readonly radius: number
  readonly labels: readonly number[] | undefined
  readonly keepsValues: boolean
}

export function bruteForce(items: readonly Item[], { query, k, radius, labels, keepsValues }: Question): Neighbour[] {
  const found = items
    .filter(({ label }) => labels === undefined || (label !== null && labels.includes(label)))
    .map(({ id, label, code }, row) => {
      const hamming = code.filter((value, bit) => value >= 0.5 !== at(query, bit) >= 0.5).length
      const distance = code.reduce((sum, value, bit) => sum + (at(query, bit) - value) ** 2, 0)
      return { row, id, label, hamming, distance: keepsValues ? distance : null }
    })
    .filter(({ hamming }) => hamming <= radius)
  found.sort((a, b) => {
    const keysOf = ({ hamming, distance, id, row }: typeof a) => [hamming, distance ?? 0, id, row]
    const [left, right] = [keysOf(a), keysOf(b)]
    const first = left.findIndex((key, i) => key !== right[i])
    return at(left, first) - at(right, first)
  })
  return found.slice(0, k).map(({ id, label, hamming, distance }) => ({ id, label, hamming, distance }))
}

function at(numbers: readonly number[], index: number): number {
  return numbers[index] ?? NaN
}
