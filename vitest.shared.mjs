// What the unit tests of every package share: they run on the sources, and leave their counts for `npm test` to add up.
import { defineConfig } from 'vitest/config'

export const unitTests = defineConfig({
  ssr: { resolve: { conditions: ['@gradpool/source'] } },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    passWithNoTests: true,
    // Files share processes and modules: to load everything anew for each took much of the time. No test may leave
    // anything changed that others see.
    isolate: false,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
  },
})
