import { useEffect, useRef, useState } from 'react'
import { parsePlaces } from '../../api/event'
import type { Places } from '../../api/types'

export type LiveState = 'connecting' | 'live' | 'reconnecting'

const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000

/** Exponential, with jitter, so that a restarted server is not met by everyone in the same second. */
export function reconnectDelay(attempt: number, random = Math.random()): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt)
  return ceiling / 2 + (ceiling / 2) * random
}

/**
 * Follows an event's places. A hidden tab lets go of its connection (browsers allow only six to a host
 * over HTTP/1.1) and a shown one takes it up again; the first message always carries the whole truth.
 */
export function useLivePlaces(id: string, enabled: boolean, onPlaces: (places: Places) => void) {
  const [state, setState] = useState<LiveState>('connecting')
  const handler = useRef(onPlaces)
  useEffect(() => {
    handler.current = onPlaces
  })

  useEffect(() => {
    if (!enabled) return
    let source: EventSource | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    let attempt = 0

    function open() {
      close()
      source = new EventSource(`/api/v1/events/${encodeURIComponent(id)}/live`)
      source.addEventListener('open', () => {
        attempt = 0
        setState('live')
      })
      source.addEventListener('places', (event) => {
        const places = parsePlaces(event.data as string)
        if (places) handler.current(places)
      })
      source.addEventListener('error', () => {
        close()
        setState('reconnecting')
        timer = setTimeout(open, reconnectDelay(attempt++))
      })
    }
    function close() {
      clearTimeout(timer)
      source?.close()
      source = null
    }
    function onVisibility() {
      if (document.hidden) close()
      else if (!source) open()
    }
    function onOnline() {
      attempt = 0
      if (!document.hidden) open()
    }

    if (!document.hidden) open()
    document.addEventListener('visibilitychange', onVisibility)
    window.addEventListener('online', onOnline)
    return () => {
      close()
      document.removeEventListener('visibilitychange', onVisibility)
      window.removeEventListener('online', onOnline)
    }
  }, [id, enabled])

  return state
}
