import type { EventView, Overlap } from '../../api/types'

// How people come to a place, as far as whoever wants one has to know it.

export type Question = EventView['registration']['questions'][number]

/** The largest party that makes sense here. */
export function partyLimit(event: Pick<EventView, 'places' | 'registration'>): number {
  const capacity = event.places?.capacity ?? Infinity
  return Math.max(1, Math.min(event.registration.party_limit, capacity))
}

/** Lines of other events at the same time, which one may want to leave once this is a place. */
export const otherLines = (overlaps: Overlap[]) =>
  overlaps.filter((other) => other.status === 'waitlisted')

/** Whether somebody who wants a place for themselves has to be asked something first. */
export function hasToAsk(
  event: Pick<EventView, 'registration' | 'overlaps'>,
  invitation: string | null,
): boolean {
  const { questions, access } = event.registration
  return (
    questions.length > 0 ||
    otherLines(event.overlaps).length > 0 ||
    (access === 'invitation' && !invitation)
  )
}

/** Whether name and address are enough here: an invitation belongs to an account. */
export const canQuickJoin = (
  { registration }: Pick<EventView, 'registration'>,
  invitation: string | null,
) => registration.access !== 'invitation' && !invitation
