/** Mutates sources of the package that it is started in, as run.mjs says, and counts what its tests notice. */
import { fileURLToPath } from 'node:url'
import { addMutators } from './mutators.mjs'

const { MUTATE = '', MUTATION_TESTS = '' } = process.env

addMutators()

export default {
  testRunner: 'vitest',
  plugins: [fileURLToPath(new URL('runner.mjs', import.meta.url))],
  vitest: { configFile: 'vitest.config.mjs', related: false },
  mutate: MUTATE.split(' '),
  testFiles: MUTATION_TESTS.split(' '),
  // The words of a message are for people, and tests hold them where they matter.
  mutator: { excludedMutations: ['StringLiteral'] },
  // A copy of the package would not find the others. The sources are put back at the end, after an interrupt too.
  inPlace: true,
  // Vitest checks no types, so nothing has to be switched off in the other sources.
  disableTypeChecks: false,
  concurrency: 2,
  coverageAnalysis: 'perTest',
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: 'test-output/mutants.json' },
  tempDirName: 'test-output/stryker',
  timeoutMS: 60_000,
}
