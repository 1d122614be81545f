import type { EventView } from './types'

/** A link into OpenStreetMap: the very spot when known, else a search for the address. */
export function mapUrl(event: Pick<EventView, 'venue' | 'city'>): string | null {
  const { lat, lon, address, name } = event.venue
  if (typeof lat === 'number' && typeof lon === 'number') {
    return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=17/${lat}/${lon}`
  }
  const query = [address ?? name, event.city].filter(Boolean).join(', ')
  return query ? `https://www.openstreetmap.org/search?query=${encodeURIComponent(query)}` : null
}
