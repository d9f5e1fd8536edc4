/**
 * The file of an index. All numbers are little-endian, and there is no padding.
 *
 *     bytes                       what
 *     8                           "GRADHASH"
 *     4                           version, 2
 *     4                           length of the header
 *     header                      JSON: bits, model { name, hash }, values, numRows, encoderBytes, about
 *     encoderBytes                the encoder, a saved model
 *     4 numRows                   ids, u32
 *     numRows                     labels, u8; 255 for none
 *     4 bits numRows              real-valued codes, f32         where values is f32
 *     bits numRows                real-valued codes, u8          where values is u8
 *     ceil(bits / 8) numRows      packed codes                   where values is none
 *     32                          SHA-256 of all bytes before it
 *
 * Reading checks the length of the file against the header before it allocates memory for the parts. No code in a file
 * is ever run.
 */
import { UserError } from '@gradpool/core'
import { hasFields, isCount, isText, openRegular, reasonOf, writeDurably } from '@gradpool/storage'
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { endianness } from 'node:os'
import { VALUE_KINDS, type ValueKind } from './code-values.js'
import { IndexFileError } from './errors.js'
import type { IndexContents, ModelId } from './index-contents.js'
import { bytesPerCode, MAX_BITS } from './pack-codes.js'

const MAGIC = 'GRADHASH'
const VERSION = 2
const PREFIX_BYTES = 16
const CHECKSUM_BYTES = 32
const MAX_HEADER_BYTES = 65536

interface Header {
  readonly bits: number
  readonly model: ModelId
  readonly values: ValueKind
  readonly numRows: number
  readonly encoderBytes: number
  readonly about?: string | undefined
}

/** @throws UserError when the file cannot be written */
export async function writeIndex(path: string, contents: IndexContents): Promise<void> {
  const { options, ids, labels, values } = contents
  const { bits, model, values: kind, encoder = new Uint8Array(), about } = options
  const header: Header = {
    bits,
    model: { name: model.name, hash: model.hash },
    values: kind,
    numRows: ids.length,
    encoderBytes: encoder.length,
    about,
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  if (text.length > MAX_HEADER_BYTES) throw new UserError("the model's name and `about` are too long")
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.write(MAGIC, 'latin1')
  prefix.writeUInt32LE(VERSION, 8)
  prefix.writeUInt32LE(text.length, 12)
  const hash = createHash('sha256')
  const parts = [prefix, text, encoder, ids, labels, values].map(bytesInFile)
  for (const part of parts) hash.update(part)
  try {
    await writeDurably(path, ...parts, hash.digest())
  } catch (error) {
    throw new UserError(`the index cannot be written to ${path} (${reasonOf(error)})`, { cause: error })
  }
}

/** @throws IndexFileError for a file that is not a whole index; UserError for one that cannot be read */
export async function readIndex(path: string): Promise<IndexContents> {
  try {
    const { file, size } = await openRegular(path)
    try {
      return await new Reader(path, file).read(size)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`the index ${path} cannot be read (${reasonOf(error)})`, { cause: error })
  }
}

class Reader {
  readonly #path: string
  readonly #file: FileHandle
  readonly #hash: Hash = createHash('sha256')
  #position = 0

  constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  async read(size: number): Promise<IndexContents> {
    if (size < PREFIX_BYTES) throw this.#wrong(`it has only ${size} bytes`)
    const prefix = Buffer.from(await this.#bytes(new Uint8Array(PREFIX_BYTES)))
    if (prefix.toString('latin1', 0, 8) !== MAGIC) throw this.#wrong('it does not begin like one')
    const version = prefix.readUInt32LE(8)
    if (version !== VERSION) {
      throw new IndexFileError(
        `${this.#path} is an index of version ${version}, and this Gradpool reads version ${VERSION}`,
      )
    }
    const headerBytes = prefix.readUInt32LE(12)
    if (headerBytes > Math.min(MAX_HEADER_BYTES, size)) {
      throw this.#wrong(`its header should have ${headerBytes} bytes`)
    }
    const header = parseHeader(await this.#bytes(new Uint8Array(headerBytes)))
    if (header === undefined) throw this.#wrong('its header is malformed')
    const expected = PREFIX_BYTES + headerBytes + partBytes(header) + CHECKSUM_BYTES
    if (size !== expected) {
      throw this.#wrong(`it has ${size} bytes where its header says ${expected}`)
    }
    return this.#parts(header)
  }

  async #parts({ bits, model, values, numRows, encoderBytes, about }: Header): Promise<IndexContents> {
    const encoder = await this.#bytes(new Uint8Array(encoderBytes))
    const ids = await this.#bytes(new Uint32Array(numRows))
    const labels = await this.#bytes(new Uint8Array(numRows))
    const stored = await this.#bytes(
      values === 'f32'
        ? new Float32Array(bits * numRows)
        : new Uint8Array((values === 'u8' ? bits : bytesPerCode(bits)) * numRows),
    )
    const found = this.#hash.digest()
    const checksum = Buffer.alloc(CHECKSUM_BYTES)
    await this.#fill(checksum)
    if (!found.equals(checksum)) throw this.#wrong('its checksum does not fit its contents')
    if (stored instanceof Float32Array && !stored.every((value) => value >= 0 && value <= 1)) {
      throw this.#wrong('it has codes that are not numbers from 0 to 1')
    }
    if (values === 'none' && hasBitsPast(stored, bits)) {
      throw this.#wrong(`it has codes of more than ${bits} bits`)
    }
    const options = { bits, model, values, about, ...(encoderBytes > 0 && { encoder }) }
    return { options, ids, labels, values: stored }
  }

  /** Fills an array from the next bytes of the file. */
  async #bytes<T extends Uint8Array | Uint32Array | Float32Array>(array: T): Promise<T> {
    const bytes = bytesOf(array)
    await this.#fill(bytes)
    this.#hash.update(bytes)
    swapIfBigEndian(array)
    return array
  }

  async #fill(bytes: Uint8Array): Promise<void> {
    let filled = 0
    while (filled < bytes.length) {
      const length = Math.min(bytes.length - filled, 2 ** 30)
      const { bytesRead } = await this.#file.read(bytes, filled, length, this.#position)
      if (bytesRead === 0) throw this.#wrong('it ended while it was read')
      filled += bytesRead
      this.#position += bytesRead
    }
  }

  #wrong(what: string): IndexFileError {
    return new IndexFileError(`${this.#path} is not a whole index file: ${what}`)
  }
}

/** Bytes of the parts between the header and the checksum. */
function partBytes({ bits, values, numRows, encoderBytes }: Header): number {
  const rowBytes = { f32: 4 * bits, u8: bits, none: bytesPerCode(bits) }[values]
  return encoderBytes + (4 + 1 + rowBytes) * numRows
}

function parseHeader(bytes: Uint8Array): Header | undefined {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isHeader(header) ? header : undefined
  } catch {
    return undefined
  }
}

function isHeader(value: unknown): value is Header {
  return hasFields(value, {
    bits: (bits) => isCount(bits) && bits >= 1 && bits <= MAX_BITS,
    model: (model) => hasFields(model, { name: isText, hash: isText }),
    values: (values) => VALUE_KINDS.some((kind) => kind === values),
    numRows: isCount,
    encoderBytes: isCount,
    about: (about) => about === undefined || isText(about),
  })
}

/** Whether a packed code has a 1 past its last bit. */
function hasBitsPast(packed: ArrayLike<number>, bits: number): boolean {
  const rowBytes = bytesPerCode(bits)
  const past = 0xff & ~(0xff >> (8 * rowBytes - bits))
  if (past === 0) return false
  for (let last = rowBytes - 1; last < packed.length; last += rowBytes) {
    if (((packed[last] ?? 0) & past) !== 0) return true
  }
  return false
}

function bytesInFile(array: Uint8Array | Uint32Array | Float32Array): Uint8Array {
  if (endianness() === 'LE') return bytesOf(array)
  const copy = array.slice()
  swapIfBigEndian(copy)
  return bytesOf(copy)
}

function swapIfBigEndian(array: Uint8Array | Uint32Array | Float32Array): void {
  if (endianness() === 'LE' || array.BYTES_PER_ELEMENT === 1) return
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).swap32()
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
