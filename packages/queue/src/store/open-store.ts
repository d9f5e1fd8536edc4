/** A store by its address, as `--store` takes it. */
import { fileURLToPath } from 'node:url'
import { UserError } from '@gradpool/core'
import type { BlobStore } from './blob-store.js'
import { contentStore } from './content-store.js'
import { openFileObjects } from './file-objects.js'
import { httpObjects } from './http-objects.js'
import type { HttpLimits } from './http-request.js'
import type { RetryRule } from './retries.js'
import { s3Objects } from './s3-objects.js'

export interface OpenStoreOptions {
  /** Of a store over HTTP. */
  readonly token?: string
  /** Has endpoint, region and credentials of S3. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv
  readonly retries?: RetryRule
  /** Of time and connections, over HTTP and S3. */
  readonly limits?: HttpLimits
}

const FORMS = "'file:FOLDER', 's3://BUCKET/PREFIX' or 'http://HOST:PORT'"
const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/
const PART = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** @throws UserError in one sentence, where the address is none, or nothing can be opened there */
export async function openStore(address: string, options: OpenStoreOptions = {}): Promise<BlobStore> {
  const { token, env = process.env, retries, limits } = options
  const tried = { ...(retries && { retries }), ...(limits && { limits }) }
  if (address.startsWith('file:')) {
    const path = address.startsWith('file://') ? pathIn(address) : address.slice('file:'.length)
    if (path === '') throw new UserError(`the store's address '${address}' names no folder`)
    return contentStore(await openFileObjects(path))
  }
  if (address.startsWith('s3:')) {
    const [, bucket, path = ''] = S3.exec(address) ?? []
    const prefix = path.replace(/\/$/, '')
    if (bucket === undefined || (prefix !== '' && !prefix.split('/').every((part) => PART.test(part)))) {
      throw new UserError(`the store's address '${address.slice(0, 100)}' is not s3://BUCKET/PREFIX`)
    }
    return contentStore(s3Objects({ bucket, prefix, env, ...tried }))
  }
  if (isServed(address)) {
    if (token === undefined) throw new UserError(`the store ${new URL(address).origin} needs a token`)
    return openServedStore({ address, token }, options)
  }
  throw new UserError(`'${address.replace(/\/\/[^/@]*@/, '//…@')}' is no address of a store: it is ${FORMS}`)
}

/**
 * The store that a job names: over HTTP only, since a job must not lead to a folder or a bucket of the worker's.
 *
 * @throws UserError where the address is another
 */
export function openServedStore(
  { address, token }: { readonly address: string; readonly token: string },
  { retries, limits }: Pick<OpenStoreOptions, 'retries' | 'limits'> = {},
): BlobStore {
  if (!isServed(address)) throw new UserError(`'${address.slice(0, 100)}' is not the address of a store over HTTP`)
  return contentStore(httpObjects(address, { token, ...(retries && { retries }), ...(limits && { limits }) }))
}

function isServed(address: string): boolean {
  return /^https?:\/\//.test(address) && URL.canParse(address)
}

function pathIn(address: string): string {
  try {
    return fileURLToPath(address)
  } catch (error) {
    throw new UserError(`the store's address '${address}' names no folder of this machine`, { cause: error })
  }
}
