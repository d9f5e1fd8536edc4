/** An empty folder that is removed when the test ends. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** @param whenFinished Of the test's context, where tests run at once. */
export async function temporaryFolder(whenFinished = onTestFinished): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gradpool-orchestrator-'))
  whenFinished(() => rm(path, { recursive: true, force: true }))
  return path
}
