/**
 * Reads an IDX file of unsigned bytes, plain or gzip, straight into memory that the caller allocates.
 *
 * Nothing is allocated before the header is believed: it has the rank that was asked for, its dimensions satisfy the
 * caller, and the file can hold as many bytes as they come to. So neither a wrong header nor a decompression bomb takes
 * more memory than the elements of an honest file; beside them a read needs about a megabyte.
 */
import { UserError } from '@gradpool/core'
import { createSha256, invariant, sizeOf, threadMemory, type Allocate } from '@gradpool/core/engine'
import { openBytes, type ByteSource } from './byte-source.js'
import { encodeHeader, formatDims, magicBytes, parseDims, parseMagic } from './header.js'

/** Row-major elements with their extents. */
export interface IdxArray {
  readonly dims: readonly number[]
  readonly values: Uint8Array
}

export interface IdxFile extends IdxArray {
  /** Of the uncompressed file, in hexadecimal: the same for a file and its gzip. */
  readonly sha256: string
}

export interface ReadIdxOptions {
  /** The number of dimensions the file has to have; any if left out. */
  readonly rank?: number
  /** Called with the dimensions before anything is allocated; throws what it has against them. */
  readonly checkDims?: (dims: readonly number[]) => void
  /** Where the elements go; memory that threads can share if left out. */
  readonly allocate?: Allocate
}

export interface IdxHeader {
  readonly dims: readonly number[]
  readonly compressed: boolean
  readonly fileBytes: number
}

const chunkBytes = 1024 * 1024
/** No deflate data grows by more than this. */
const maxDeflateRatio = 1032

/** @throws UserError with one sentence that names the file, what it has, and what was expected. */
export async function readIdx(path: string, options: ReadIdxOptions = {}): Promise<IdxFile> {
  const source = await openBytes(path)
  try {
    const dims = await readDims(path, source, options.rank)
    options.checkDims?.(dims)
    const numBytes = sizeOf(dims)
    const values = (options.allocate ?? allocateShared)(numBytes)
    invariant(values.length === numBytes, `asked for ${numBytes} bytes, got ${values.length}`)

    const hash = createSha256().update(encodeHeader(dims))
    for (let start = 0; start < numBytes; start += chunkBytes) {
      const chunk = values.subarray(start, start + chunkBytes)
      const filled = await source.read(chunk)
      if (filled < chunk.length) throw tooShort(path, dims, start + filled)
      hash.update(chunk)
    }
    if ((await source.read(new Uint8Array(1))) > 0) throw tooLong(path, dims, 'more')
    return { dims, values, sha256: hash.digest() }
  } finally {
    await source.close()
  }
}

/** Only the header, checked against the size of the file as far as that can be without reading it. */
export async function readIdxHeader(path: string, rank?: number): Promise<IdxHeader> {
  const source = await openBytes(path)
  try {
    const dims = await readDims(path, source, rank)
    return { dims, compressed: source.compressed, fileBytes: source.fileBytes }
  } finally {
    await source.close()
  }
}

/** Memory of its own that threads can share. */
export function allocateShared(numBytes: number): Uint8Array {
  return new Uint8Array(threadMemory(numBytes))
}

async function readDims(path: string, source: ByteSource, expectedRank?: number): Promise<number[]> {
  const rank = parseMagic(path, await upTo(source, magicBytes))
  if (expectedRank !== undefined && rank !== expectedRank) {
    const found = rank === 1 ? '1 dimension' : `${rank} dimensions`
    throw new UserError(`${path} has ${found}, expected ${expectedRank}`)
  }
  const dims = parseDims(path, rank, await upTo(source, 4 * rank))
  const dataBytes = source.fileBytes - magicBytes - 4 * rank
  if (!source.compressed && dataBytes < sizeOf(dims)) throw tooShort(path, dims, dataBytes)
  if (!source.compressed && dataBytes > sizeOf(dims)) throw tooLong(path, dims, `${dataBytes} bytes`)
  const mostBytes = source.fileBytes * maxDeflateRatio
  if (source.compressed && sizeOf(dims) > mostBytes) {
    const promise = `its header promises ${sizeOf(dims)} bytes (${formatDims(dims)})`
    const most = `${source.fileBytes} bytes of gzip hold at most ${mostBytes}`
    throw new UserError(`${path} is cut short: ${promise}, but ${most}`)
  }
  return dims
}

async function upTo(source: ByteSource, numBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(numBytes)
  return bytes.subarray(0, await source.read(bytes))
}

function tooShort(path: string, dims: readonly number[], found: number): UserError {
  const expected = `expected ${sizeOf(dims)} (${formatDims(dims)})`
  return new UserError(`${path} is cut short: it has ${found} bytes after its header, ${expected}`)
}

function tooLong(path: string, dims: readonly number[], found: string): UserError {
  const expected = `expected ${sizeOf(dims)} (${formatDims(dims)})`
  return new UserError(`${path} is too long: it has ${found} after its header, ${expected}`)
}
