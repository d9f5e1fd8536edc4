/** Mutates the sources whose mistakes nobody would see, and counts what the suites notice. See run.mjs. */
const { GRADPOOL_MUTATION_PACKAGE: name = 'core', GRADPOOL_MUTATION_FILES: files = '' } = process.env

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.config.mjs', dir: '.', related: true },
  mutate: files.split(','),
  // Texts of errors are for people; tests hold them where they matter.
  mutator: { excludedMutations: ['StringLiteral'] },
  inPlace: true,
  concurrency: 2,
  coverageAnalysis: 'perTest',
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: `test-output/mutation-${name}.json` },
  clearTextReporter: { allowColor: false, logTests: false },
  tempDirName: 'test-output/stryker',
  timeoutMS: 20000,
}
