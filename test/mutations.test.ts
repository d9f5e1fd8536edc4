// A short form of `npm run test:mutations`.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('files that were changed or exchanged are told of', { timeout: 300_000 }, async () => {
  const script = fileURLToPath(new URL('mutations/run.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, '50', '1'])
  expect(stdout).toMatch(/^(ok [a-z]+: 50 mutations, .*\n){25}$/)
})
