import { useEffect, useState, useSyncExternalStore } from 'react'

/** Names the browser tab; the server has done so already for the first page of an event. */
export function useTitle(title: string | undefined) {
  useEffect(() => {
    if (title) document.title = title === 'CityEvents' ? title : `${title} · CityEvents`
  }, [title])
}

/** The present moment, renewed every so often so that "in 3 hours" stays true. */
export function useNow(everyMs = 30_000): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

function onNetworkChange(changed: () => void) {
  window.addEventListener('online', changed)
  window.addEventListener('offline', changed)
  return () => {
    window.removeEventListener('online', changed)
    window.removeEventListener('offline', changed)
  }
}

export function useOnline(): boolean {
  return useSyncExternalStore(onNetworkChange, () => navigator.onLine)
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query)
      list.addEventListener('change', changed)
      return () => list.removeEventListener('change', changed)
    },
    () => matchMedia(query).matches,
  )
}
