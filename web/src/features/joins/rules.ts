import type { EventView, Overlap } from '../../api/types'

// How people come to a place, as far as whoever wants one has to know it.

export type Question = {
  id: string
  kind: 'text' | 'choice' | 'consent'
  label: string
  required: boolean
  options: string[]
}

export type Rules = {
  access: 'open' | 'approval' | 'invitation'
  party_limit: number
  opens_at: string | null
  closes_at: string | null
  offer_minutes: number
  questions: Question[]
}

/** What most events want, and what holds where the event does not say. */
const DEFAULT: Rules = {
  access: 'open',
  party_limit: 10,
  opens_at: null,
  closes_at: null,
  offer_minutes: 120,
  questions: [],
}

/** An event's rules. A server that is older than this page says nothing of them. */
export function rulesOf(event: object): Rules {
  return { ...DEFAULT, ...(event as { registration?: Partial<Rules> }).registration }
}

/** The largest party that makes sense here. */
export function partyLimit(event: Pick<EventView, 'places'>): number {
  const capacity = event.places?.capacity ?? Infinity
  return Math.max(1, Math.min(rulesOf(event).party_limit, capacity))
}

/** Lines of other events at the same time, which one may want to leave once this is a place. */
export const otherLines = (overlaps: Overlap[]) =>
  overlaps.filter((other) => other.status === 'waitlisted')

/** Whether somebody who wants a place for themselves has to be asked something first. */
export function hasToAsk(event: EventView, invitation: string | null): boolean {
  const rules = rulesOf(event)
  return (
    rules.questions.length > 0 ||
    otherLines(event.overlaps).length > 0 ||
    (rules.access === 'invitation' && !invitation)
  )
}
