/** Objects in memory, which no disk makes slow. */
import { type ObjectKey, type ObjectStore, pathOf, StoreError } from '../store/object-store.js'

export function memoryObjects(): ObjectStore {
  const objects = new Map<string, Uint8Array>()
  return {
    address: 'memory:',
    asksFromBytes: 0,
    read(key: ObjectKey, most: number) {
      const bytes = objects.get(pathOf(key))
      if (bytes === undefined || bytes.length <= most) return Promise.resolve(bytes)
      return Promise.reject(new StoreError(`it has ${bytes.length} bytes, and ${most} is the most that are read`))
    },
    write: (key, bytes) => Promise.resolve(void objects.set(pathOf(key), bytes)),
    has: (key) => Promise.resolve(objects.has(pathOf(key))),
    delete: (key) => Promise.resolve(void objects.delete(pathOf(key))),
    close: () => Promise.resolve(),
  }
}
