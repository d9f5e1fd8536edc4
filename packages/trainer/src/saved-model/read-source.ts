/** The bytes of a saved model, from wherever they are. */
import { UserError } from '@gradpool/core'
import { isMissing, readRegular, reasonOf } from '@gradpool/storage'
import { fileURLToPath } from 'node:url'
import { bytesOf } from '../predict/model-bytes.js'

/** A path, a URL (`file:`, `http:`, `https:`), bytes, a Blob, or a stream of bytes. */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer | Blob | AsyncIterable<Uint8Array>

export interface SourceBytes {
  readonly bytes: Uint8Array
  /** What it is called in messages. */
  readonly where: string
}

/** @throws UserError with one sentence for what cannot be read. */
export async function readSource(source: ModelSource): Promise<SourceBytes> {
  if (typeof source === 'string') {
    return /^(https?|file):/.test(source) ? readUrl(new URL(source)) : readPath(source)
  }
  if (source instanceof URL) return readUrl(source)
  const where = 'the model'
  if (source instanceof Uint8Array) return { bytes: source, where }
  if (source instanceof ArrayBuffer) return { bytes: new Uint8Array(source), where }
  if (source instanceof Blob) return { bytes: new Uint8Array(await source.arrayBuffer()), where }
  if (Symbol.asyncIterator in source) return { bytes: await bytesOf(source), where }
  throw new UserError(`a model is loaded from a path, a URL, bytes, a Blob or a stream, not from ${typeof source}`)
}

async function readPath(path: string): Promise<SourceBytes> {
  try {
    return { bytes: await readRegular(path), where: `'${path}'` }
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    const reason = isMissing(cause) ? 'there is no such file' : reasonOf(cause)
    throw new UserError(`the model '${path}' cannot be read: ${reason}`, { cause })
  }
}

async function readUrl(url: URL): Promise<SourceBytes> {
  if (url.protocol === 'file:') return readPath(fileURLToPath(url))
  const where = `'${url.href}'`
  try {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`the server answers ${response.status}`)
    return { bytes: new Uint8Array(await response.arrayBuffer()), where }
  } catch (cause) {
    throw new UserError(`the model ${where} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}
