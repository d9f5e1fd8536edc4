/**
 * The file that threads of a pool start with. It is at the top of `dist`, as this one is; threads load what was built.
 */
import { findUrl, WORKER_FILE } from '@gradpool/core/engine'

/** Where there are files, another one in its place would never answer, so its text is looked at. */
export function threadFile(): string {
  return findUrl({
    name: 'pool-worker.js',
    own: () =>
      import.meta.url.endsWith('.ts')
        ? new URL('../dist/pool-worker.js', import.meta.url)
        : new URL('./pool-worker.js', import.meta.url),
    specifier: '@gradpool/worker-pool/pool-worker',
    instead: [WORKER_FILE],
    // The text itself is not in this module.
    has: /gradpool:pool[-]worker/,
  })
}
