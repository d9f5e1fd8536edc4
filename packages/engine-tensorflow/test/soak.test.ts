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
const isWanted = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1'

test.skipIf(!isWanted || !(await findTensorFlow()))(
  'many short trainings on several threads leave nothing behind',
  { timeout: 300_000 },
  async () => {
    const flags = ['--max-semi-space-size=1']
    const size = ['--workers', '3', '--stages', '9', '--rounds', '40']
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, ...size]).catch(
      (error: unknown) => {
        const { stdout = '' } = error as { readonly stdout?: string }
        throw new Error(`the soak failed:\n${stdout}`, { cause: error })
      },
    )
    expect(stdout).toMatch(/round 40: .*\n.* MB more at the end/)
  },
)
