const WORKER = '/offline.js'

/**
 * Lets this one page open without a network, too: a service worker whose scope is its address keeps the page's files. `extra` are files
 * that the page has not loaded yet but may need.
 */
export async function keepOpenable(page: string, extra: readonly string[] = []) {
  if (!('serviceWorker' in navigator) || !navigator.onLine || import.meta.env.DEV) return
  try {
    const registration = await navigator.serviceWorker.register(WORKER, { scope: page })
    const worker = registration.active ?? (await activated(registration))
    worker?.postMessage({ page, files: [...new Set([...loadedFiles(), ...extra])] })
  } catch {
    // blocked, or a private window: then the page needs a network to be opened
  }
}

/** What is over need not be openable any more. */
export async function forgetPage(page: string) {
  const registration = await navigator.serviceWorker?.getRegistration(page).catch(() => undefined)
  if (registration && new URL(registration.scope).pathname === page) await registration.unregister()
}

/** What the browser remembers of loading, and what the page names: it remembers only so much. */
function loadedFiles(): string[] {
  const named = [...document.querySelectorAll<HTMLLinkElement | HTMLScriptElement>('link, script')]
  return [
    ...performance.getEntriesByType('resource').map((entry) => entry.name),
    ...named.map((element) => ('src' in element ? element.src : element.href)).filter(Boolean),
  ]
    .map((name) => new URL(name, location.href))
    .filter((url) => url.origin === location.origin)
    .map((url) => url.pathname)
}

function activated(registration: ServiceWorkerRegistration): Promise<ServiceWorker | null> {
  const worker = registration.installing ?? registration.waiting
  return new Promise((resolve) => {
    if (!worker) return resolve(null)
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve(worker)
      if (worker.state === 'redundant') resolve(null)
    })
  })
}
