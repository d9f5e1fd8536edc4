// The program of `npm run check:arm64`, which compares instruction sets that this machine has not.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { nativeInstructionSets } from '../../src/native-engine.js'

const script = fileURLToPath(new URL('../../kernels/arm64.mjs', import.meta.url))

// Empty where set-up found no C compiler.
test.runIf(nativeInstructionSets().length > 0)(
  'the fingerprint of the kernels fits them',
  { timeout: 60_000 },
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--here'])
    expect(stdout).toMatch(/^23 results$/m)
  },
)
