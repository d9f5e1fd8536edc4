/** Where a store was served before, in its folder: a file that its user alone reads. */
import { hasFields, isCount, isText, replaceFile } from '@gradpool/storage'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Serving {
  readonly token: string
  readonly port?: number
}

const NAME = 'serving.json'

/** Undefined where it was not, or nothing is known of it. */
export async function readServing(folder: string): Promise<Serving | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, NAME), 'utf8'))
    return isServing(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Nobody needs it who does not resume. */
export async function writeServing(folder: string, serving: Serving): Promise<void> {
  const path = join(folder, NAME)
  try {
    await replaceFile(path, (file) => file.writeFile(JSON.stringify(serving)), { mode: 0o600 })
  } catch {
    // The next process has another token, and gives it to the jobs that wait.
  }
}

function isServing(value: unknown): value is Required<Serving> {
  return hasFields(value, { token: isText, port: isCount })
}
