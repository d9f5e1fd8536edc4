// End-to-end tests: on the built packages, as a user has them (no source condition here). Three files at a time, as
// many wait for what they started; after them, alone, those that say how long something may take.
import { defineConfig } from 'vitest/config'
import { longestFirst } from '../vitest.shared.mjs'

const alone = ['interrupt.test.ts']
const longest = [
  'engines',
  'golden',
  'docs',
  'faults/fault-points',
  'faults/supervision',
  'bundles',
  'report',
  'exports',
  'resume',
  'faults/disk',
]

export default defineConfig({
  test: {
    environment: 'node',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
    sequence: { sequencer: longestFirst(longest) },
    projects: [
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', 'browser/**', ...alone],
          maxWorkers: 3,
        },
      },
      { extends: true, test: { name: 'alone', include: alone, fileParallelism: false } },
    ],
  },
})
