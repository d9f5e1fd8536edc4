/** The service worker, which keeps the page for when there is no net, and isolates it where the host does not. */

const RELOADED = 'gradpool-reloaded'

/**
 * Loads the page once more where that isolates it: then its threads share memory.
 *
 * @returns whether the page goes on
 */
export async function beginOffline(): Promise<boolean> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return true
  try {
    await navigator.serviceWorker.register('service-worker.js')
    await navigator.serviceWorker.ready
    await controlled()
  } catch {
    // As where the page is not safe by https.
    return true
  }
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED) !== null) return true
  sessionStorage.setItem(RELOADED, 'yes')
  location.reload()
  return false
}

/** Has all that was loaded so far kept. */
export function keepLoaded(): void {
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name)
  const own = [location.href, ...loaded].filter((url) => url.startsWith(location.origin))
  if (import.meta.env.PROD) navigator.serviceWorker?.controller?.postMessage({ loaded: own })
}

async function controlled(): Promise<void> {
  if (navigator.serviceWorker.controller) return
  await new Promise((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true })
    setTimeout(resolve, 2000)
  })
}
