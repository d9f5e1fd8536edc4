// The unit tests of all packages as one run, for `npm test`: two files at a time, whatever their package.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: ['packages/*'],
    maxWorkers: 2,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
  },
})
