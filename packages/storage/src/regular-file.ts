/**
 * Files are read when they are regular ones, of a size that is known before memory is taken. A pipe in the place of a
 * file would make its reader wait for ever, and a device has no end.
 */
import { UserError } from '@gradpool/core'
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { codeOf } from './file-errors.js'

export interface Reading {
  /** A longer file is refused. Default: 4 GiB. */
  readonly most?: number
  /** A file of another size is refused. */
  readonly exactly?: number
  /** Only so many bytes are read, from the start; a shorter file is refused. */
  readonly first?: number
}

export interface RegularFile {
  readonly file: FileHandle
  /** In bytes, when it was opened. */
  readonly size: number
}

const MOST_BYTES = 2 ** 32
/** The system may read no more at once. */
const CHUNK_BYTES = 2 ** 30

/**
 * Opens a file, or what a symbolic link leads to; never waits.
 *
 * @param flags As of `open`. Default: to read.
 * @throws UserError that names a folder, a pipe or a device; what the file system throws
 */
export async function openRegular(path: string, flags = constants.O_RDONLY): Promise<RegularFile> {
  const file = await open(path, flags | constants.O_NONBLOCK).catch((error: unknown) => {
    throw ofFolder(error, path)
  })
  try {
    return { file, size: sizeOf(await file.stat(), path) }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The same, at once. @returns the number of the file */
export function openRegularSync(path: string, flags = constants.O_RDONLY): number {
  let file: number
  try {
    file = openSync(path, flags | constants.O_NONBLOCK)
  } catch (error) {
    throw ofFolder(error, path)
  }
  try {
    sizeOf(fstatSync(file), path)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** @throws UserError for what is no regular file, or of another size; what the file system throws */
export async function readRegular(path: string, reading: Reading = {}): Promise<Buffer> {
  const { file, size } = await openRegular(path)
  try {
    const bytes = Buffer.allocUnsafe(lengthOf(size, path, reading))
    for (let filled = 0; filled < bytes.length;) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(bytes.length - filled, CHUNK_BYTES), filled)
      if (bytesRead === 0) throw new UserError(`'${path}' was cut short while it was read`)
      filled += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

/** The same, at once, for small files. */
export function readRegularSync(path: string, reading: Reading = {}): Buffer {
  const file = openRegularSync(path)
  try {
    const bytes = Buffer.alloc(lengthOf(fstatSync(file).size, path, reading))
    for (let filled = 0; filled < bytes.length;) {
      const numBytes = readSync(file, bytes, filled, bytes.length - filled, filled)
      if (numBytes === 0) return bytes.subarray(0, filled)
      filled += numBytes
    }
    return bytes
  } finally {
    closeSync(file)
  }
}

/** A folder cannot be opened to be written. */
function ofFolder(error: unknown, path: string): unknown {
  return codeOf(error) === 'EISDIR' ? new UserError(`'${path}' is a folder, not a file`) : error
}

function sizeOf(status: Stats, path: string): number {
  checkRegular(status, path)
  return status.size
}

/** @throws UserError for a directory, a pipe or a device */
export function checkRegular(status: Stats, path: string): void {
  if (status.isFile()) return
  throw new UserError(`'${path}' is a ${status.isDirectory() ? 'folder' : 'pipe or a device'}, not a file`)
}

/** Before memory is taken. */
function lengthOf(size: number, path: string, { most = MOST_BYTES, exactly = size, first = exactly }: Reading): number {
  if (size !== exactly || size < first) throw new UserError(`'${path}' is not as it was written`)
  if (first > most) throw new UserError(`'${path}' has ${size} bytes, and ${most} is the most that are read`)
  return first
}
