// End-to-end tests: on the built packages, as a user has them (no source condition here).
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'end-to-end',
    environment: 'node',
    include: ['**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Runs are timed and take all cores: one file after the other.
    fileParallelism: false,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
  },
})
