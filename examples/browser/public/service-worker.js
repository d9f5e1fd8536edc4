// Two things. It keeps what the page has loaded, so that the page works without a net after the first visit. And it
// adds the headers that isolate the page, where the host cannot send them: only then may threads share memory (the way
// of coi-serviceworker, https://github.com/gzuidhof/coi-serviceworker).
const cacheName = `gradpool-${'of-development'}`

self.addEventListener('install', () => self.skipWaiting())

self.addEventListener('activate', (event) => {
  const dropOthers = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith('gradpool-') && name !== cacheName) await caches.delete(name)
    }
    await self.clients.claim()
  }
  event.waitUntil(dropOthers())
})

// The page tells what it had loaded before there was a service worker.
self.addEventListener('message', (event) => {
  const keep = async () => {
    const cache = await caches.open(cacheName)
    for (const url of event.data.loaded) {
      if (!(await cache.match(url))) await cache.add(url).catch(() => undefined)
    }
    event.source?.postMessage('kept')
  }
  event.waitUntil(keep())
})

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request
  if (method !== 'GET' || new URL(url).origin !== self.location.origin) return
  event.respondWith(answer(event.request, mode === 'navigate'))
})

/**
 * The page itself is the newest that there is; all else has the hash of what is in it as its name, or never changes.
 */
async function answer(request, isPage) {
  const cache = await caches.open(cacheName)
  const kept = await cache.match(request, { ignoreSearch: isPage })
  if (kept && !isPage) return isolated(kept)
  try {
    const response = await fetch(request)
    if (response.status === 200) await cache.put(request, response.clone())
    return isolated(response)
  } catch (error) {
    if (kept) return isolated(kept)
    throw error
  }
}

function isolated(response) {
  // What has no status may not be looked into.
  if (response.status === 0) return response
  const headers = new Headers(response.headers)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}
