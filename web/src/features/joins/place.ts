import type { EventView } from '../../api/types'

/** What the place block has to say, worked out from the event alone. */
export type PlaceState =
  | { kind: 'in' }
  | { kind: 'waiting'; position: number | null }
  | { kind: 'open'; full: boolean }
  | { kind: 'closed'; reason: string }

/** Somebody who is not in. */
export const NOT_IN: NonNullable<EventView['participation']> = {
  status: 'none',
  position: null,
  party_size: null,
  asked_size: null,
  joined_at: null,
  way: null,
  due_for: null,
  due_at: null,
  answers: {},
  venue: null,
  moved_from: null,
}

/** Reasons that stand between a reader and the button, but that the button itself can resolve. */
const SIGN_IN_REASONS = ['unauthenticated', 'sign_in_required', 'not_signed_in']

export function placeState(event: EventView, signedIn: boolean, now: Date): PlaceState {
  const { participation, actions, places, status } = event
  const over = Date.parse(event.ends_at) <= now.getTime()
  if (status === 'cancelled') return { kind: 'closed', reason: 'event_cancelled' }
  if (participation?.status === 'confirmed') return { kind: 'in' }
  if (over) return { kind: 'closed', reason: 'event_ended' }
  if (participation?.status === 'waitlisted') {
    return { kind: 'waiting', position: participation.position ?? null }
  }
  if (status === 'draft') return { kind: 'closed', reason: 'event_not_published' }
  if (Date.parse(event.starts_at) <= now.getTime()) {
    return { kind: 'closed', reason: 'event_started' }
  }
  const full =
    !!places &&
    places.capacity != null &&
    (places.capacity <= places.confirmed + places.held || places.waitlisted > 0)
  const maySignIn = !signedIn && (!actions.reason || SIGN_IN_REASONS.includes(actions.reason))
  // Without the joins service its answer is unknown, so the button stays: the server decides truly.
  const unknown = event.degraded.includes('places') || event.degraded.includes('participation')
  if (actions.can_join || maySignIn || unknown) return { kind: 'open', full }
  return { kind: 'closed', reason: actions.reason ?? 'event_not_open' }
}
