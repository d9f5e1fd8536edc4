/**
 * The bytes of a file, in order, into memory the caller names. A gzip file, known by its first bytes and never by its
 * name, gives its uncompressed bytes; neither kind is ever held in memory as a whole.
 *
 * Whatever the operating system or the file's owner did wrong becomes a UserError that names the file.
 */
import { UserError } from '@gradpool/core'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { readError } from './read-error.js'

export interface ByteSource {
  readonly compressed: boolean
  /** The size of the file as it lies on the disk. */
  readonly fileBytes: number
  /** Fills `view` with the bytes that come next and tells how many; fewer than its length only at the end. */
  read(view: Uint8Array): Promise<number>
  close(): Promise<void>
}

/** Small, for each chunk inflated is garbage that waits for its collection. */
const gzipChunkBytes = 16 * 1024

/** @throws UserError when there is no such file, it is not a plain file, or it may not be read. */
export async function openBytes(path: string): Promise<ByteSource> {
  try {
    // Else opening a pipe would wait for its other end.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const status = await handle.stat()
      if (status.isDirectory()) throw new UserError(`${path} is a directory, expected a file`)
      if (!status.isFile()) throw new UserError(`${path} is a device or pipe, expected a file`)
      const source = (await beginsAsGzip(handle)) ? gzipSource : plainSource
      return source(path, handle, status.size)
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    throw readError(path, error)
  }
}

async function beginsAsGzip(handle: FileHandle): Promise<boolean> {
  const { buffer } = await handle.read(new Uint8Array(2), 0, 2, 0)
  return buffer[0] === 0x1f && buffer[1] === 0x8b
}

function plainSource(path: string, handle: FileHandle, fileBytes: number): ByteSource {
  let position = 0
  return {
    compressed: false,
    fileBytes,
    async read(view) {
      let filled = 0
      try {
        while (filled < view.length) {
          const { bytesRead } = await handle.read(view, filled, view.length - filled, position)
          if (bytesRead === 0) break
          filled += bytesRead
          position += bytesRead
        }
      } catch (error) {
        throw readError(path, error)
      }
      return filled
    },
    close: () => handle.close(),
  }
}

function gzipSource(path: string, handle: FileHandle, fileBytes: number): ByteSource {
  const file = handle.createReadStream({ autoClose: false, highWaterMark: gzipChunkBytes })
  const gunzip = createGunzip({ chunkSize: gzipChunkBytes })
  // Errors of the file become errors of `gunzip`, which `nextChunk` throws.
  pipeline(file, gunzip, () => undefined)
  const chunks = gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  /** What the last chunk has beyond the last read. */
  let rest: Uint8Array = new Uint8Array(0)

  async function nextChunk(): Promise<Uint8Array | undefined> {
    try {
      const next = await chunks.next()
      if (!next.done) return next.value
    } catch (error) {
      throw readError(path, error)
    }
    // zlib leaves zeros after the end alone, without a word.
    if (gunzip.bytesWritten < fileBytes) {
      const extra = fileBytes - gunzip.bytesWritten
      throw new UserError(`${path} has ${extra} more bytes after its gzip data, expected none`)
    }
    return undefined
  }

  return {
    compressed: true,
    fileBytes,
    async read(view) {
      let filled = 0
      while (filled < view.length) {
        if (rest.length === 0) {
          const chunk = await nextChunk()
          if (chunk === undefined) break
          rest = chunk
        }
        const taken = Math.min(rest.length, view.length - filled)
        view.set(rest.subarray(0, taken), filled)
        rest = rest.subarray(taken)
        filled += taken
      }
      return filled
    },
    async close() {
      gunzip.destroy()
      file.destroy()
      await handle.close()
    },
  }
}
