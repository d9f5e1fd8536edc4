/** Workers spin at a barrier only where each has a core to itself, by the machine or by a container's quota. */
import { expect, test } from 'vitest'
import { spinsFor } from './execution.js'

test.each([
  { workers: 1, threads: 1, cores: 8, spins: false },
  { workers: 2, threads: 2, cores: 2, spins: true },
  { workers: 8, threads: 8, cores: 8, spins: true },
  { workers: 2, threads: 2, cores: 1, spins: false },
  { workers: 9, threads: 9, cores: 8, spins: false },
  { workers: 2, threads: 4, cores: 2, spins: false },
])('$workers workers of $threads threads on $cores cores', ({ workers, threads, cores, spins }) => {
  expect(spinsFor(workers, threads, cores) > 0).toBe(spins)
})
