/** A store whose errors are no mistakes of whoever asked for a training, so that it is tried again. */
import { messageOf } from '@gradpool/storage'
import type { BlobStore } from './blob-store.js'

/** The store does not give or take what it should. */
export class StoreFailed extends Error {}

export function plainErrors(store: BlobStore): BlobStore {
  const tell = (error: unknown): never => {
    throw new StoreFailed(messageOf(error), { cause: error })
  }
  return {
    address: store.address,
    put: (bytes) => store.put(bytes).catch(tell),
    get: (hash, most) => store.get(hash, most).catch(tell),
    has: (hash) => store.has(hash).catch(tell),
    delete: (hash) => store.delete(hash).catch(tell),
    readName: (name) => store.readName(name).catch(tell),
    writeName: (name, bytes) => store.writeName(name, bytes).catch(tell),
    deleteName: (name) => store.deleteName(name).catch(tell),
    close: () => store.close(),
  }
}
