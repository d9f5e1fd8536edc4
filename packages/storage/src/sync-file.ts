/** What is in a file, brought to the disk. */
import { fsyncSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

/** Under Yarn's Plug'n'Play, handles of files have no `sync` of their own. */
export async function syncFile(file: FileHandle): Promise<void> {
  try {
    await file.sync()
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'Method not implemented.') throw error
    fsyncSync(file.fd)
  }
}
