/// <reference types="vite/client" />
/** The service worker, which keeps the page for when there is no net, and isolates it where the host does not. */

const RELOADED = 'gradpool-reloaded'
const WAIT_MS = 4000

/**
 * Loads the page once more where that isolates it: then its threads share memory.
 *
 * @returns whether the page goes on
 */
export async function beginOffline(): Promise<boolean> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return true
  // Some browsers refuse it, as where the page did not come by https; others say nothing.
  const inControl = await Promise.race([takenOver(), pause(WAIT_MS)]).catch(() => false)
  if (inControl !== true || crossOriginIsolated || sessionStorage.getItem(RELOADED) !== null) return true
  sessionStorage.setItem(RELOADED, 'yes')
  location.reload()
  return false
}

/** Has all that was loaded so far kept. */
export function keepLoaded(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name)
  const own = [location.href, ...loaded].filter((url) => url.startsWith(location.origin))
  navigator.serviceWorker.controller?.postMessage({ loaded: own })
}

/** Once what the page loads goes by the service worker. */
async function takenOver(): Promise<true> {
  const { serviceWorker } = navigator
  const changed = new Promise((resolve) => {
    serviceWorker.addEventListener('controllerchange', resolve, { once: true })
  })
  await serviceWorker.register('service-worker.js')
  if (!serviceWorker.controller) await changed
  return true
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
