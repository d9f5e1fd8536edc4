/** Bytes in a job or in the store, and what tells of them. */
import { UserError } from '@gradpool/core'
import { hasFields, isCount, isHash, isText } from '@gradpool/storage'
import { type Content, MOST_INLINE_BYTES } from '../job.js'
import type { BlobStore } from '../store/blob-store.js'

/** Bytes in the store. */
export type Blob = Extract<Content, { readonly blob: string }>

export function isBlob(value: unknown): value is Blob {
  return hasFields(value, { blob: isHash, bytes: isCount })
}

export function isContent(value: unknown): value is Content {
  return isBlob(value) || hasFields(value, { inline: isInline })
}

/** As it is written, and no longer than that may be. */
function isInline(value: unknown): boolean {
  if (!isText(value) || value.length > 4 * Math.ceil(MOST_INLINE_BYTES / 3)) return false
  return Buffer.from(value, 'base64').toString('base64') === value
}

/** @throws UserError where they cannot be written */
export async function putBlob(store: BlobStore, bytes: Uint8Array): Promise<Blob> {
  return { blob: await store.put(bytes), bytes: bytes.length }
}

/** @param most of bytes that are no blob. @throws as `putBlob` */
export async function putContent(
  store: BlobStore,
  bytes: Uint8Array,
  most: number = MOST_INLINE_BYTES,
): Promise<Content> {
  if (bytes.length > most) return putBlob(store, bytes)
  return { inline: Buffer.from(bytes).toString('base64') }
}

/**
 * @param most more bytes are refused before they are read
 * @throws UserError where there are more, or other than told, or none
 */
export async function readContent(store: BlobStore, content: Content, most: number): Promise<Uint8Array> {
  if ('inline' in content) return Buffer.from(content.inline, 'base64')
  const { blob, bytes } = content
  if (bytes > most) throw new UserError(`${blob} has ${bytes} bytes, and ${most} is the most that are read`)
  const read = await store.get(blob, bytes)
  if (read.length === bytes) return read
  throw new UserError(`${blob} has ${read.length} bytes, not ${bytes}`)
}
