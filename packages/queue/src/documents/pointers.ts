/** Names in a store that tell of a blob: of the outcome of a stage, of its checkpoint, of the result of a segment. */
import { parseJson } from '@gradpool/storage'
import type { BlobStore } from '../store/blob-store.js'
import { type Blob, isBlob } from './content.js'

/** What determines the bits of a stage, or of a segment. */
interface StageId {
  readonly stage: string
  readonly numerics: string
}

export function nameOf(kind: 'results' | 'checkpoints' | 'segments', { stage, numerics }: StageId): string {
  return `${kind}/${numerics}/${stage}`
}

export async function writePointer(store: BlobStore, name: string, { blob, bytes }: Blob): Promise<void> {
  await store.writeName(name, new TextEncoder().encode(JSON.stringify({ blob, bytes })))
}

/** Undefined where there is no such name, or it tells of no blob. @throws what the store throws */
export async function readPointer(store: BlobStore, name: string): Promise<Blob | undefined> {
  const bytes = await store.readName(name)
  if (bytes === undefined) return undefined
  try {
    const value = parseJson(Buffer.from(bytes).toString(), 1)
    return isBlob(value) ? { blob: value.blob, bytes: value.bytes } : undefined
  } catch {
    return undefined
  }
}
