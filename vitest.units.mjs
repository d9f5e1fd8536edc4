// The unit tests of all packages and tools as one run, for `npm test`: two files at a time, whatever their package.
import { defineConfig } from 'vitest/config'
import { unitTests } from './vitest.shared.mjs'

const tools = { ssr: unitTests.ssr, test: { name: 'tools', include: ['tools/**/*.test.mjs'] } }

export default defineConfig({
  test: {
    projects: ['packages/*', tools],
    maxWorkers: 2,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
  },
})
