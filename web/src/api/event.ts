import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import type { EventView, Places } from './types'

export const eventKey = (id: string) => ['event', id] as const

/** One event with its places and, when signed in, one's own place in it. */
export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: eventKey(id),
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/events/{id}', { params: { path: { id } }, signal })),
    staleTime: 10_000,
  })

/** A live count laid over an event already loaded. The same object comes back when nothing changed. */
export function mergePlaces<E extends Pick<EventView, 'places'>>(
  event: E | undefined,
  places: Places,
): E | undefined {
  if (!event) return event
  const old = event.places
  const same =
    old &&
    old.capacity === places.capacity &&
    old.confirmed === places.confirmed &&
    old.waitlisted === places.waitlisted &&
    old.held === places.held
  return same ? event : { ...event, places }
}

/** Reads one `places` message; a malformed one is ignored rather than shown. */
export function parsePlaces(data: string): Places | null {
  try {
    const value = JSON.parse(data) as Partial<Places> | null
    if (!value || typeof value.confirmed !== 'number' || typeof value.waitlisted !== 'number') {
      return null
    }
    const capacity = value.capacity ?? null
    if (capacity !== null && typeof capacity !== 'number') return null
    const held = typeof value.held === 'number' ? value.held : 0
    return { capacity, confirmed: value.confirmed, waitlisted: value.waitlisted, held }
  } catch {
    return null
  }
}

export const calendarUrl = (id: string) => `/api/v1/events/${encodeURIComponent(id)}/calendar.ics`
