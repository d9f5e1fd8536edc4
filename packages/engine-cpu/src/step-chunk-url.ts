/** The module that worker threads load. */
import { findUrl, WORKER_FILE } from '@gradpool/core/engine'

/** Its `executeChunk` runs chunks, its `executeScan` scans of packed codes. Threads always load what was built. */
export function stepChunkUrl(): string {
  return findUrl({
    name: 'step-chunk.js',
    own: () =>
      import.meta.url.endsWith('.ts')
        ? new URL('../dist/step-chunk.js', import.meta.url)
        : new URL('./step-chunk.js', import.meta.url),
    specifier: '@gradpool/engine-cpu/step-chunk',
    instead: [WORKER_FILE],
  })
}
