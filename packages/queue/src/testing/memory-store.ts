/** A store in memory. */
import { UserError } from '@gradpool/core'
import { sha256 } from '@gradpool/storage'
import type { BlobStore } from '../store/blob-store.js'

export class MemoryStore implements BlobStore {
  readonly address = 'memory'
  readonly blobs = new Map<string, Uint8Array>()
  readonly names = new Map<string, Uint8Array>()
  /** Set where the store does not answer. */
  failure: string | undefined
  /** How often each was called. */
  readonly calls = new Map<string, number>()

  #call(name: string): Promise<void> {
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1)
    return this.failure === undefined ? Promise.resolve() : Promise.reject(new UserError(this.failure))
  }

  async put(bytes: Uint8Array): Promise<string> {
    await this.#call('put')
    const hash = sha256(bytes)
    this.blobs.set(hash, bytes.slice())
    return hash
  }

  async get(hash: string, most: number): Promise<Uint8Array> {
    await this.#call('get')
    const bytes = this.blobs.get(hash)
    if (bytes === undefined) throw new UserError(`the store ${this.address} does not have ${hash}`)
    if (bytes.length > most) throw new UserError(`${hash} has ${bytes.length} bytes, more than ${most}`)
    if (sha256(bytes) !== hash) throw new UserError(`the store ${this.address} has other bytes as ${hash}`)
    return bytes.slice()
  }

  async has(hash: string): Promise<boolean> {
    await this.#call('has')
    return this.blobs.has(hash)
  }

  async delete(hash: string): Promise<void> {
    await this.#call('delete')
    this.blobs.delete(hash)
  }

  async readName(name: string): Promise<Uint8Array | undefined> {
    await this.#call('readName')
    return this.names.get(name)
  }

  async writeName(name: string, bytes: Uint8Array): Promise<void> {
    await this.#call('writeName')
    this.names.set(name, bytes.slice())
  }

  async deleteName(name: string): Promise<void> {
    await this.#call('deleteName')
    this.names.delete(name)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
