/** A `BlobStore` on objects by key: hashes made and checked, names and sizes checked. */
import type { BlobStore } from './blob-store.js'
import { checkKey, MOST_NAME_BYTES, type ObjectKey, type ObjectStore, StoreError, titleOf } from './object-store.js'
import { sha256 } from './sha256.js'

export function contentStore(objects: ObjectStore): BlobStore {
  /** What is being put, so that bytes that several put at once are sent once. */
  const putting = new Map<string, Promise<void>>()
  const checked = <K extends ObjectKey>(key: K): K => {
    checkKey(key)
    return key
  }

  async function write(blob: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length >= objects.asksFromBytes && (await objects.has({ blob }))) return
    await objects.write({ blob }, bytes)
  }

  return {
    address: objects.address,
    async put(bytes) {
      const blob = sha256(bytes)
      const writing = putting.get(blob) ?? write(blob, bytes).finally(() => putting.delete(blob))
      putting.set(blob, writing)
      await writing
      return blob
    },
    async get(blob, most) {
      const key = checked({ blob })
      // Once more, as they may have been changed on the way.
      for (let read = 0; read < 2; read++) {
        const bytes = await objects.read(key, most)
        if (bytes === undefined) throw new StoreError(`the store ${objects.address} does not have ${titleOf(key)}`)
        if (sha256(bytes) === blob) return bytes
      }
      throw new StoreError(`the store ${objects.address} has other bytes as ${titleOf(key)}: delete them there`)
    },
    has: async (blob) => objects.has(checked({ blob })),
    delete: async (blob) => objects.delete(checked({ blob })),
    readName: async (name) => objects.read(checked({ name }), MOST_NAME_BYTES),
    async writeName(name, bytes) {
      const key = checked({ name })
      if (bytes.length > MOST_NAME_BYTES) {
        throw new StoreError(`'${name}' would have ${bytes.length} bytes, and ${MOST_NAME_BYTES} is the most of a name`)
      }
      await objects.write(key, bytes)
    },
    deleteName: async (name) => objects.delete(checked({ name })),
    close: () => objects.close(),
  }
}
