/**
 * A short form of the soak test, as `npm test` can afford it: a process of its own, which ends with
 * 0 where nothing stays.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { findTensorFlow } from '../src/index.js'

const script = fileURLToPath(new URL('../soak/soak.mjs', import.meta.url))
/** The bound on what stays is the same for fewer rounds; `npm run test:faults` runs many. */
const rounds = process.env.GRADPOOL_LONG_TESTS === '1' ? 100 : 10
const isWanted = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1'

test.skipIf(!isWanted || !(await findTensorFlow()))(
  'many short trainings on several threads leave nothing behind',
  { timeout: 300_000 },
  async () => {
    const flags = ['--max-semi-space-size=1']
    const size = ['--workers', '3', '--stages', '9', '--rounds', String(rounds)]
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, ...size]).catch(
      (error: unknown) => {
        const { stdout = '' } = error as { readonly stdout?: string }
        throw new Error(`the soak failed:\n${stdout}`, { cause: error })
      },
    )
    expect(stdout).toMatch(new RegExp(`round ${rounds}: .*\\n.* MB more at the end`))
  },
)
