import type { Participant, Places } from '../../api/types'

// The list of participants as its address says it.

export const STATUSES = ['confirmed', 'waitlisted', 'offered', 'pending'] as const
export type Status = (typeof STATUSES)[number]
export const VIEWS = ['invitations', 'messages', 'bans'] as const

export type PeopleSearch = {
  view?: (typeof VIEWS)[number]
  status?: Status
  name?: string
}

/** Longer names are no names. */
const LONGEST_NAME = 100

/** What makes no sense is dropped, never an error. */
export function parsePeople(search: Record<string, unknown>): PeopleSearch {
  const view = VIEWS.find((it) => it === search.view)
  if (view) return { view }
  const status = STATUSES.find((it) => it === search.status)
  const typed =
    typeof search.name === 'string' || typeof search.name === 'number' ? String(search.name) : ''
  const name = typed.trim().slice(0, LONGEST_NAME)
  return { ...(status && { status }), ...(name && { name }) }
}

/**
 * By how many people in all the event would be overbooked if somebody had their place now; 0 if there is room. Whoever has an
 * offer takes up room already.
 */
export function exceededBy(
  places: Places | null | undefined,
  person: Pick<Participant, 'party_size' | 'status'>,
): number {
  if (places?.capacity == null) return 0
  const own = person.status === 'offered' ? person.party_size : 0
  const taken = places.confirmed + places.held - own
  return Math.max(0, taken + person.party_size - places.capacity)
}

/** What an organiser can do about somebody. */
export type Deed = 'approve' | 'reject' | 'admit' | 'remove' | 'ban'

export function deedsFor(status: Status, open: boolean): Deed[] {
  const deeds: Deed[] = []
  if (open && status === 'pending') deeds.push('approve')
  if (status === 'pending') deeds.push('reject')
  if (open && status !== 'confirmed') deeds.push('admit')
  if (status !== 'pending') deeds.push('remove')
  return [...deeds, 'ban']
}
