/**
 * Files at addresses: `https://host/houses.csv#sha256=…`, as pip writes them. The hash pins the bytes, so a training
 * does not change because a server did. A file is fetched once, and kept in the cache by its hash.
 */
import { UserError } from '@gradpool/core'
import { cacheFolder, isMissing, makeDirectories, reasonOf, removeOldTemporaries, replaceFile } from '@gradpool/storage'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A server that sends nothing for so long is given up. */
const SILENCE_MS = 30_000

interface Address {
  /** Without its hash. */
  readonly url: string
  readonly sha256: string
  /** The last part of its path. */
  readonly name: string
}

/** What fetches at the moment, by hash, as several data sets may read one file. */
const underWay = new Map<string, Promise<string>>()

export function isAddress(path: string): boolean {
  return /^https?:\/\//i.test(path)
}

/**
 * The path of a file: the same for one on this machine; of an address, of the copy in the cache, which is fetched where
 * it is not there or not whole.
 *
 * @throws UserError with one sentence for an address without a hash, one that does not answer, and other bytes
 */
export async function localFile(path: string): Promise<string> {
  if (!isAddress(path)) return path
  const address = addressOf(path)
  const going = underWay.get(address.sha256) ?? cached(address)
  underWay.set(address.sha256, going)
  try {
    return await going
  } finally {
    underWay.delete(address.sha256)
  }
}

/** The last part of an address, for the name of its data. */
export function nameOfAddress(path: string): string {
  return addressOf(path).name
}

function addressOf(path: string): Address {
  let url: URL
  try {
    url = new URL(path)
  } catch (cause) {
    throw new UserError(`${path} is no address`, { cause })
  }
  const [, hash] = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash) ?? []
  url.hash = ''
  if (hash === undefined) {
    throw new UserError(
      `${path} has no SHA-256: write ${url.href}#sha256=… with its 64 digits, as \`curl -sL ${url.href} | sha256sum\` prints them`,
    )
  }
  const name = (url.pathname.split('/').at(-1) ?? '').replace(/[^\w.-]/g, '_').slice(-100)
  return { url: url.href, sha256: hash.toLowerCase(), name: /[^.]/.test(name) ? name : 'data' }
}

async function cached(address: Address): Promise<string> {
  const folder = join(cacheFolder(), 'data', address.sha256)
  const file = join(folder, address.name)
  if (await hasHash(file, address.sha256)) return file
  try {
    await makeDirectories(folder)
    await removeOldTemporaries(folder)
  } catch (error) {
    throw new UserError(`the folder ${folder}, for files that were fetched, cannot be made: ${reasonOf(error)}`, {
      cause: error,
    })
  }
  await replaceFile(file, async (partial) => {
    const found = await download(address, partial)
    if (found === address.sha256) return
    throw new UserError(
      `${address.url} is not the file that was meant: its SHA-256 is ${found}, expected ${address.sha256}`,
    )
  })
  return file
}

async function hasHash(file: string, wanted: string): Promise<boolean> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(file), hash)
  } catch (error) {
    if (isMissing(error)) return false
    throw new UserError(`${file} cannot be read: ${reasonOf(error)}`, { cause: error })
  }
  return hash.digest('hex') === wanted
}

/** @returns the SHA-256 of what was written */
async function download({ url }: Address, file: FileHandle): Promise<string> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), SILENCE_MS)
  try {
    const response = await fetch(url, { signal: silence.signal })
    if (!response.ok || response.body === null) {
      throw new UserError(`${url} cannot be fetched: the server answers ${response.status} ${response.statusText}`)
    }
    const hash = createHash('sha256')
    const body: AsyncIterable<Uint8Array> = response.body
    for await (const bytes of body) {
      timer.refresh()
      hash.update(bytes)
      await file.writeFile(bytes)
    }
    return hash.digest('hex')
  } catch (error) {
    if (error instanceof UserError) throw error
    const reason = silence.signal.aborted ? `it sent nothing for ${SILENCE_MS / 1000} s` : causeOf(error)
    throw new UserError(`${url} cannot be fetched: ${reason}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** `fetch` has the reason in the cause of its error. */
function causeOf(error: unknown): string {
  return reasonOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
}
