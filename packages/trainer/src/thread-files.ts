/** The modules that worker threads load. They are at the top of `dist`, as this one is; threads load what was built. */
import { findUrl, WORKER_FILE } from '@gradpool/core/engine'

/** Its `runRounds` runs chunks. */
export function roundsUrl(): string {
  return findUrl({
    name: 'run-rounds.js',
    own: () =>
      import.meta.url.endsWith('.ts')
        ? new URL('../dist/run-rounds.js', import.meta.url)
        : new URL('./run-rounds.js', import.meta.url),
    specifier: '@gradpool/trainer/run-rounds',
    instead: [WORKER_FILE],
  })
}

/** The thread that reads rows ahead. */
export function windowThreadUrl(): string {
  return findUrl({
    name: 'window-thread.js',
    own: () =>
      import.meta.url.endsWith('.ts')
        ? new URL('../dist/window-thread.js', import.meta.url)
        : new URL('./window-thread.js', import.meta.url),
    specifier: '@gradpool/trainer/window-thread',
    instead: [WORKER_FILE],
  })
}
