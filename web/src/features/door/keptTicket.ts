import { KEPT } from '../../api/kept'
import type { EventView } from '../../api/types'
import type { TicketView } from './types'

/** What stands on a ticket. */
export type Paper = {
  ticket: TicketView
  event: Pick<
    EventView,
    | 'id'
    | 'slug'
    | 'title'
    | 'language'
    | 'status'
    | 'city'
    | 'venue'
    | 'timezone'
    | 'all_day'
    | 'starts_at'
    | 'ends_at'
    | 'starts_at_local'
    | 'ends_at_local'
  > & { cover: string }
}
export type KeptPaper = Paper & { saved_at: string; user_id: string }

const nameOf = (eventId: string) => `${KEPT}ticket.${eventId}`

/** What stands on the ticket for an event; with the exact address, where only those with a place are told it. */
export function paperOf(event: EventView, ticket: TicketView): Paper {
  const { id, slug, title, language, status, city, timezone, all_day } = event
  const { starts_at, ends_at, starts_at_local, ends_at_local } = event
  const venue = event.participation?.venue ?? event.venue
  const times = { timezone, all_day, starts_at, ends_at, starts_at_local, ends_at_local }
  const cover = event.cover.svg
  return { ticket, event: { id, slug, title, language, status, city, venue, cover, ...times } }
}

export function keepPaper(paper: Paper, userId: string, now: Date) {
  const kept: KeptPaper = { ...paper, user_id: userId, saved_at: now.toISOString() }
  try {
    localStorage.setItem(nameOf(paper.event.id), JSON.stringify(kept))
  } catch {
    // full or blocked: then the ticket needs a network
  }
}

/** The ticket as it was last seen here; never another person's, as far as one can know. */
export function recallPaper(eventId: string, userId: string | undefined): KeptPaper | null {
  try {
    const kept = JSON.parse(localStorage.getItem(nameOf(eventId)) ?? 'null') as KeptPaper | null
    return kept && (!userId || kept.user_id === userId) ? kept : null
  } catch {
    return null
  }
}

export function dropPaper(eventId: string) {
  try {
    localStorage.removeItem(nameOf(eventId))
  } catch {
    // nothing was kept
  }
}
