// The unit tests of all packages and tools as one run, for `npm test`: two files at a time, whatever their package.
import { defineConfig } from 'vitest/config'
import { longestFirst, unitTests } from './vitest.shared.mjs'

const tools = { ssr: unitTests.ssr, test: { name: 'tools', include: ['tools/**/*.test.mjs'] } }

const longest = [
  'tools/contributing/patches',
  'engine-tensorflow/src/contract',
  'orchestrator/test/averaging',
  'trainer/test/tensorflow',
  'engine-tensorflow/test/soak',
  'orchestrator/test/data-parallel',
  'orchestrator/test/resume',
  'orchestrator/test/worker-faults',
  'engine-cpu/src/contract',
  'engine-cpu/src/architectures',
  'trainer/test/python',
  'trainer/test/shared-steps',
  'trainer/test/resume',
  'trainer/test/workers',
]

export default defineConfig({
  test: {
    projects: ['packages/*', tools],
    maxWorkers: 2,
    sequence: { sequencer: longestFirst(longest) },
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
  },
})
