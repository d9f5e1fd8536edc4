// What the unit tests of every package share: they run on the sources, and leave their counts for `npm test` to add up.
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'

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

/**
 * An order in which no long file begins last, when nothing is left to run beside it, and in which the files of a
 * package follow each other, as only such share a process. Vitest knows no times in a fresh clone, and goes by sizes.
 *
 * @param names ends of paths, the longest first
 */
export function longestFirst(names) {
  const rank = ({ moduleId }) => {
    const index = names.findIndex((name) => moduleId.includes(`/${name}.test.`))
    return index === -1 ? names.length : index
  }
  return class extends BaseSequencer {
    async sort(specifications) {
      const bySize = await super.sort(specifications)
      const byPackage = bySize.toSorted((one, other) => one.project.name.localeCompare(other.project.name))
      return byPackage.toSorted((one, other) => rank(one) - rank(other))
    }
  }
}
