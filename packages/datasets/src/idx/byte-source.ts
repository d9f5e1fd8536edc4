/**
 * The bytes of a file, in order, into memory the caller names. A file of gzip or zstd, known by its first bytes and
 * never by its name, gives its uncompressed bytes; no kind is ever held in memory as a whole. Node reads zstd from
 * 22.15 on.
 *
 * Whatever the operating system or the file's owner did wrong becomes a UserError that names the file.
 */
import { UserError } from '@gradpool/core'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { pipeline, type Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { readError } from './read-error.js'

export interface ByteSource {
  readonly compressed: boolean
  /** The size of the file as it lies on the disk. */
  readonly fileBytes: number
  /** Fills `view` with the bytes that come next and tells how many; fewer than its length only at the end. */
  read(view: Uint8Array): Promise<number>
  close(): Promise<void>
}

/** @throws UserError when there is no such file, it is not a plain file, or it may not be read. */
export async function openBytes(path: string): Promise<ByteSource> {
  try {
    // Else opening a pipe would wait for its other end.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const status = await handle.stat()
      if (status.isDirectory()) throw new UserError(`${path} is a directory, expected a file`)
      if (!status.isFile()) throw new UserError(`${path} is a device or pipe, expected a file`)
      const format = await formatOf(handle)
      const file = { path, handle, fileBytes: status.size }
      return format === undefined ? plainSource(file) : packedSource(file, format)
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    throw readError(path, error)
  }
}

interface OpenFile {
  readonly path: string
  readonly handle: FileHandle
  readonly fileBytes: number
}

interface PackedFormat {
  readonly name: string
  /** The first bytes of its files. */
  readonly magic: readonly number[]
  /** Undefined where this Node does not. */
  readonly unpack: (() => Unpacking) | undefined
}

/** Small, for each chunk inflated is garbage that waits for its collection. */
const packedChunkBytes = 16 * 1024

type Unpacking = Transform & { readonly bytesWritten: number }

function hasZstd(module: object): module is { createZstdDecompress(options: zlib.ZlibOptions): Unpacking } {
  return 'createZstdDecompress' in module
}

function zstdUnpacking(module: object): PackedFormat['unpack'] {
  return hasZstd(module) ? () => module.createZstdDecompress({ chunkSize: packedChunkBytes }) : undefined
}

const formats: readonly PackedFormat[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], unpack: () => zlib.createGunzip({ chunkSize: packedChunkBytes }) },
  {
    name: 'zstd',
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    unpack: zstdUnpacking(zlib),
  },
]

async function formatOf(handle: FileHandle): Promise<PackedFormat | undefined> {
  const { buffer } = await handle.read(new Uint8Array(4), 0, 4, 0)
  return formats.find(({ magic }) => magic.every((byte, at) => buffer[at] === byte))
}

function plainSource({ path, handle, fileBytes }: OpenFile): ByteSource {
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

function packedSource({ path, handle, fileBytes }: OpenFile, { name, unpack }: PackedFormat): ByteSource {
  if (unpack === undefined) {
    throw new UserError(`${path} is packed by ${name}, which Node reads from 22.15 on: unpack it with \`${name} -d\``)
  }
  const file = handle.createReadStream({ autoClose: false, highWaterMark: packedChunkBytes })
  const unpacking = unpack()
  // Errors of the file become errors of `unpacking`, which `nextChunk` throws.
  pipeline(file, unpacking, () => undefined)
  const chunks = unpacking[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  /** What the last chunk has beyond the last read. */
  let rest: Uint8Array = new Uint8Array(0)

  async function nextChunk(): Promise<Uint8Array | undefined> {
    try {
      const next = await chunks.next()
      if (!next.done) return next.value
    } catch (error) {
      throw readError(path, error, name)
    }
    // zlib leaves zeros after the end alone, without a word.
    if (unpacking.bytesWritten < fileBytes) {
      const extra = fileBytes - unpacking.bytesWritten
      throw new UserError(`${path} has ${extra} more bytes after its ${name} data, expected none`)
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
      unpacking.destroy()
      file.destroy()
      await handle.close()
    },
  }
}
