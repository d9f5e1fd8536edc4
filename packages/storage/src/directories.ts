/** Directories, and the names in them, made durable. */
import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './file-errors.js'
import { syncFile } from './sync-file.js'

/**
 * Makes a directory, and those above it that are missing. (Node's own recursive `mkdir` never returns where making a
 * directory under one that exists fails with ENOENT, as under /proc.)
 */
export async function makeDirectories(path: string): Promise<void> {
  const make = async () => {
    await mkdir(path).catch(async (error: unknown) => {
      // It was there, or another run has made it meanwhile.
      if (!(await exists(path))) throw error
    })
  }
  try {
    await make()
  } catch (error) {
    const parent = dirname(path)
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error
    await makeDirectories(parent)
    await make()
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Makes the names in a directory durable, where the system can (Windows cannot open directories). */
export async function flushDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await syncFile(directory)
  } finally {
    await directory.close()
  }
}
