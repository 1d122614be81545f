// Keeps one page openable without a network: a door, a ticket. It is registered for that page alone (its scope is the page's address),
// never gets in the way of a network that works, and keeps files only, no answers of the API.
const KEPT = `page ${self.registration.scope}`
const FILES = /^\/(assets|media\/covers)\//

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

/** The page says by which files it came. */
self.addEventListener('message', (event) => event.waitUntil(keep(event.data)))

async function keep({ page, files }) {
  const cache = await caches.open(KEPT)
  const paths = files.filter((path) => FILES.test(path))
  const known = new Set((await cache.keys()).map((request) => new URL(request.url).pathname))
  await Promise.all(paths.filter((path) => !known.has(path)).map((path) => cache.add(path)))
  // Only now: a page whose files are not all there would be of no use.
  await cache.add(new Request(page, { cache: 'no-cache' }))
  for (const path of known) {
    if (FILES.test(path) && !paths.includes(path)) await cache.delete(path)
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(() => kept(url.pathname)))
  } else if (FILES.test(url.pathname)) {
    event.respondWith(kept(url.pathname).then((file) => (file.ok ? file : fetch(request))))
  }
})

async function kept(path) {
  const cache = await caches.open(KEPT)
  return (await cache.match(path, { ignoreVary: true })) ?? Response.error()
}
