// What the unit tests of every package share: they run on the sources, and leave their counts for `npm test` to add up.
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'

export const unitTests = defineConfig({
  ssr: { resolve: { conditions: ['@gradpool/source'] } },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    passWithNoTests: true,
    // Starting threads, and flushing files, takes its time on a machine that is busy; no test waits for a time by
    // itself.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Files share processes and modules: to load everything anew for each took much of the time. No test may leave
    // anything changed that others see.
    isolate: false,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
  },
})

/**
 * An order in which no long file begins last, when nothing is left to run beside it. Files of processes of their own
 * are first: between others, they would end the process that those share. Vitest knows no times in a fresh clone, and
 * goes by sizes.
 *
 * @param names ends of paths, the longest first
 */
export function longestFirst(names) {
  const rank = ({ moduleId }) => {
    const index = names.findIndex((name) => moduleId.includes(`/${name}.test.`))
    return index === -1 ? names.length : index
  }
  const isShared = ({ project }) => (project.config.isolate ? 0 : 1)
  return class extends BaseSequencer {
    async sort(specifications) {
      const bySize = await super.sort(specifications)
      return bySize.toSorted((one, other) => isShared(one) - isShared(other) || rank(one) - rank(other))
    }
  }
}
