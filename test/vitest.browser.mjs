// What is tried in a real browser, by `npm run test:browser`.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    environment: 'node',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A browser beside other work takes its time.
    expect: { poll: { timeout: 20_000 } },
    include: ['browser.test.ts', 'browser/**/*.test.ts'],
    fileParallelism: false,
    globalSetup: ['browser/get-chromium.ts'],
  },
})
