/** The bytes of a saved model, from wherever they are, as far as that needs no import of Node. */
import { UserError } from '@gradpool/core'
import { nodeModule } from '@gradpool/core/node-module'
import { reasonOf } from '@gradpool/storage/saved-model'
import type * as Fs from 'node:fs'

/**
 * Bytes, a Blob, a stream of bytes or what `fetch` answers; a URL; where there is Node, a path or a URL of a file.
 */
export type ModelBytes =
  string | URL | Uint8Array | ArrayBuffer | { arrayBuffer(): Promise<ArrayBuffer> } | AsyncIterable<Uint8Array>

/** The system may read no more at once. */
const MOST_READ = 2 ** 30

export interface NamedBytes {
  readonly bytes: Uint8Array
  /** What they are called in messages. */
  readonly where: string
}

/** @throws UserError with one sentence for what cannot be read */
export async function modelBytes(source: ModelBytes): Promise<NamedBytes> {
  const where = 'the model'
  if (isBytes(source)) return { bytes: asBytes(source), where }
  if (typeof source === 'string' || 'href' in source) return bytesAt(String(source))
  if ('arrayBuffer' in source) return { bytes: new Uint8Array(await source.arrayBuffer()), where }
  if (Symbol.asyncIterator in source) return { bytes: await bytesOf(source), where }
  throw new UserError(`a model is loaded from bytes, a Blob, a stream, a path or a URL, not from ${typeof source}`)
}

async function bytesAt(address: string): Promise<NamedBytes> {
  const where = `'${address}'`
  try {
    if (/^https?:/.test(address)) {
      const response = await fetch(address)
      if (!response.ok) throw new Error(`the server answers ${response.status}`)
      return { bytes: new Uint8Array(await response.arrayBuffer()), where }
    }
    const fs = nodeModule('node:fs')
    if (!fs) throw new Error('there are no files here')
    return { bytes: await fileBytes(fs, address.startsWith('file:') ? new URL(address) : address), where }
  } catch (cause) {
    throw new UserError(`the model ${where} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

/** Into memory of its size: `readFile` has the parts of a large file, and then all of it. */
async function fileBytes(fs: typeof Fs, path: string | URL): Promise<Uint8Array> {
  // Else a pipe would make its reader wait for ever.
  const file = await fs.promises.open(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  try {
    const status = await file.stat()
    if (!status.isFile()) throw new Error('it is not a file')
    const { size } = status
    const bytes = new Uint8Array(size)
    for (let filled = 0; filled < size;) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(size - filled, MOST_READ), filled)
      if (bytesRead === 0) throw new Error('it was cut short while it was read')
      filled += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

/** All of a stream. */
export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const chunk of chunks) {
    bytes.set(chunk, end)
    end += chunk.length
  }
  return bytes
}

// Not by `instanceof`: each realm, as that of a `vm` context, has classes of its own.
function isBytes(source: unknown): source is Uint8Array | ArrayBuffer {
  return ArrayBuffer.isView(source) || Object.prototype.toString.call(source) === '[object ArrayBuffer]'
}

function asBytes(source: Uint8Array | ArrayBuffer): Uint8Array {
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source)
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
}
