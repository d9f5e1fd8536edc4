/** Threads that share memory: those of Node, and in a browser Web Workers of a page that is isolated from others. */
import { nodeModule } from './node-module.js'

/** What a browser says of itself. */
interface Isolation {
  readonly crossOriginIsolated?: boolean
}

export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false
  return nodeModule('node:worker_threads') !== undefined || (globalThis as Isolation).crossOriginIsolated !== false
}

/** Memory that threads share, or where they cannot, memory of this thread. */
export function threadMemory(numBytes: number): ArrayBufferLike {
  return canShareMemory() ? new SharedArrayBuffer(numBytes) : new ArrayBuffer(numBytes)
}
