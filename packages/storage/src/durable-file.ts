/**
 * Files that are there whole or not at all, even when the machine stops in between.
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from './file-errors.js'
import { syncFile } from './sync-file.js'

/**
 * Writes a file, in one piece or in several, under a temporary name, flushes it, gives it its name, and flushes the
 * directory. The directory must be there, and only one writer may write a path at a time.
 */
export async function writeDurably(path: string, ...content: readonly (string | Uint8Array)[]): Promise<void> {
  await writeWhole(path, content)
  await flushDirectory(dirname(path))
}

/** Several files of one directory in the same way, which then is flushed once. */
export async function writeAllDurably(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeWhole(join(folder, name), [content])
  await flushDirectory(folder)
}

async function writeWhole(path: string, content: readonly (string | Uint8Array)[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w')
    try {
      for (const part of content) await file.writeFile(part)
      await syncFile(file)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

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
