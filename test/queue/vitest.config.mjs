// Runs over a queue at full length: workers, submitters and servers that are killed. One file at a time.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    environment: 'node',
    include: ['queue/*.test.ts', 'queue/*.queue.ts', 'servers/*.queue.ts'],
    testTimeout: 600_000,
    hookTimeout: 900_000,
    fileParallelism: false,
  },
})
