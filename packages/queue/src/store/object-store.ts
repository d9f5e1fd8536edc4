/**
 * What the places of a store have in common: objects by key, whole or not at all. What makes a `BlobStore` of them is
 * in content-store.ts.
 */
import { UserError } from '@gradpool/core'
import { isHash } from '@gradpool/storage'

/** Blobs by the SHA-256 of their bytes; names, which are small and can change. */
export type ObjectKey = { readonly blob: string } | { readonly name: string }

export interface ObjectStore {
  /** Without credentials, for people and records. */
  readonly address: string
  /** To ask whether a blob of fewer bytes is there would cost as much as to send it. */
  readonly asksFromBytes: number
  /**
   * @returns undefined where it is not there
   * @throws StoreError where there are more than `most` bytes, before they are read, or where it cannot be read
   */
  read(key: ObjectKey, most: number): Promise<Uint8Array | undefined>
  /** Others see all of the bytes, or none. */
  write(key: ObjectKey, bytes: Uint8Array): Promise<void>
  has(key: ObjectKey): Promise<boolean>
  delete(key: ObjectKey): Promise<void>
  close(): Promise<void>
}

/** A store that does not give or take what it should: nothing that the experiment's author did. */
export class StoreError extends UserError {
  override name = 'StoreError'
  /** Without what was to be done, and where. */
  readonly reason: string

  constructor(message: string, { reason = message, ...options }: ErrorOptions & { readonly reason?: string } = {}) {
    super(message, options)
    this.reason = reason
  }
}

/** In one sentence, what could not be done. */
export function storeError(what: string, address: string, reason: string, cause?: unknown): StoreError {
  return new StoreError(`${what} in the store ${address}: ${reason}`, { reason, cause })
}

export const MOST_NAME_BYTES = 65_536

const MOST_NAME_LENGTH = 400
const PART = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** @throws UserError for what is no hash or no name, as one that would lead elsewhere */
export function checkKey(key: ObjectKey): void {
  if ('blob' in key) {
    const isValid: boolean = isHash(key.blob)
    if (isValid) return
    throw new UserError(`'${key.blob.slice(0, 80)}' is not a SHA-256 in hexadecimal`)
  }
  const { name } = key
  if (name.length <= MOST_NAME_LENGTH && name.split('/').every((part) => PART.test(part))) return
  throw new UserError(
    `'${name.slice(0, 80)}' is not a name of a store: parts of letters, digits, '.', '_' and '-', with '/' between them`,
  )
}

/** Where it lies below the store's root. Blobs have folders of their own by the first two digits. */
export function pathOf(key: ObjectKey): string {
  return 'blob' in key ? `blobs/${key.blob.slice(0, 2)}/${key.blob}` : `names/${key.name}`
}

/** For sentences. */
export function titleOf(key: ObjectKey): string {
  return 'blob' in key ? `blob ${key.blob.slice(0, 12)}…` : `'${key.name}'`
}
