// The packages as others have them: `npm run test:outside`. One file after the other, as all are about one machine.
import { defineConfig } from 'vitest/config'
import { TableReporter } from '../../tools/table-reporter.mjs'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    environment: 'node',
    include: ['*.outside.ts'],
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    globalSetup: ['published.ts'],
    reporters: [new TableReporter()],
  },
})
