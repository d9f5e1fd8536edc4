/** Seeded random numbers in [0, 1), by the generator of the library: moments and places of faults. */
import { philox } from '@gradpool/core/engine'

export function randomNumbers(seed: number): () => number {
  const words = new Uint32Array(4)
  let count = 0
  return () => {
    philox(words, 0, count++, 0, 0, 0, seed, 0)
    return (words[0] ?? 0) / 2 ** 32
  }
}
