/** The file that a profile is written to. */
import { UserError } from '@gradpool/core'
import type { Engine } from '@gradpool/core/engine'
import { reasonOf, writeDurably, writeTarget } from '@gradpool/storage'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { chromeTrace } from './chrome-trace.js'
import type { TrainingProfile } from './training-profile.js'

/** @throws UserError where the engine does not profile, or the file cannot be written; before anything is trained */
export async function checkProfile({ name, profiles = false }: Engine, path: string): Promise<void> {
  if (!profiles) throw new UserError(`the engine '${name}' cannot be profiled; native and wasm can`)
  const isFolder = (one: string) =>
    stat(one).then(
      (found) => found.isDirectory(),
      () => false,
    )
  const folder = dirname(resolve(path))
  if (!(await isFolder(folder))) throw refusal(path, `there is no folder '${folder}'`)
  await writeTarget(path).catch((error: unknown) => {
    throw refusal(path, reasonOf(error))
  })
}

/** Where nothing was trained, nothing is written. @throws UserError where it cannot be written */
export async function writeProfile(path: string, profiles: readonly TrainingProfile[]): Promise<void> {
  try {
    await writeDurably(path, JSON.stringify(chromeTrace(profiles)))
  } catch (error) {
    throw refusal(path, reasonOf(error))
  }
}

function refusal(path: string, reason: string): UserError {
  return new UserError(`the profile cannot be written to '${path}': ${reason}`)
}
