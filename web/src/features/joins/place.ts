import type { EventView, Participation, Places } from '../../api/types'

/** What the place block has to say, worked out from the event alone. */
export type PlaceState =
  /** Not in, and may come; `full` leads to the line. */
  | { kind: 'none'; full: boolean }
  /** Has asked; the organiser decides. */
  | { kind: 'pending' }
  | { kind: 'waitlisted'; position: number | null; canClaim: boolean }
  /** A place is kept until then. */
  | { kind: 'offered'; until: string }
  | { kind: 'confirmed' }
  | { kind: 'closed'; reason: string }

/** Somebody who is not in. */
export const NOT_IN: Participation = {
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

/** Few enough that every single one counts. */
const FEW = 10

export function placeState(event: EventView, signedIn: boolean, now: Date): PlaceState {
  const { participation, actions, places, status } = event
  const started = hasPassed(event.starts_at, now)
  if (status === 'cancelled') return { kind: 'closed', reason: 'event_cancelled' }
  if (participation?.status === 'confirmed') return { kind: 'confirmed' }
  if (hasPassed(event.ends_at, now)) return { kind: 'closed', reason: 'event_ended' }
  if (participation?.status === 'pending') return { kind: 'pending' }
  if (participation?.status === 'offered') {
    return hasPassed(participation.due_at, now)
      ? { kind: 'closed', reason: 'offer_lapsed' }
      : { kind: 'offered', until: participation.due_at ?? event.starts_at }
  }
  if (participation?.status === 'waitlisted') {
    const free = event.line?.phase === 'open_claim' && hasRoom(places)
    const canClaim = !started && (actions.can_claim || free)
    return { kind: 'waitlisted', position: participation.position ?? null, canClaim }
  }
  if (status === 'draft') return { kind: 'closed', reason: 'event_not_published' }
  if (started) return { kind: 'closed', reason: 'event_started' }
  const maySignIn = !signedIn && (!actions.reason || SIGN_IN_REASONS.includes(actions.reason))
  // Without the joins service its answer is unknown, so the button stays: the server decides truly.
  const unknown = event.degraded.includes('places') || event.degraded.includes('participation')
  if (actions.can_join || maySignIn || unknown) return { kind: 'none', full: isFull(event) }
  return { kind: 'closed', reason: actions.reason ?? 'event_not_open' }
}

const hasPassed = (instant: string | null | undefined, now: Date) =>
  !!instant && Date.parse(instant) <= now.getTime()

/** Places that whoever comes now could have; `null` where there is no limit, or it is not known. */
export function freePlaces(places: Places | null): number | null {
  if (places?.capacity == null) return null
  return Math.max(0, places.capacity - places.confirmed - places.held)
}

const hasRoom = (places: Places | null) => !!places && (freePlaces(places) ?? 1) > 0

/** Whether whoever comes now gets in line. Shortly before the start, what is free is for whoever takes it. */
function isFull({ places, line }: Pick<EventView, 'places' | 'line'>): boolean {
  if (!places || places.capacity == null) return false
  return !hasRoom(places) || (line?.phase !== 'open_claim' && places.waitlisted > 0)
}

/** How many places are kept for others, where somebody who counts would wonder; else 0. */
export function keptForOthers(places: Places | null): number {
  const free = freePlaces(places)
  return places && free !== null && free < FEW ? places.held : 0
}

/** By how many people an event is overbooked. */
export function overbookedBy(places: Places | null): number {
  if (places?.capacity == null) return 0
  return Math.max(0, places.confirmed + places.held - places.capacity)
}

type Known = Pick<EventView, 'starts_at' | 'ends_at' | 'line' | 'participation'>

/** The next instant after which the page may be wrong, although nobody has done anything. */
export function nextChange(
  event: Known,
  rules: { opens_at: string | null; closes_at: string | null },
  now: Date,
): number | null {
  const instants = [
    event.starts_at,
    event.ends_at,
    rules.opens_at,
    rules.closes_at,
    event.line?.cutoff_at,
    event.line?.open_claim_at,
    event.line?.next_decision_at,
    event.participation?.due_at,
  ]
  const ahead = instants
    .map((instant) => (instant ? Date.parse(instant) : NaN))
    .filter((at) => at > now.getTime())
  return ahead.length > 0 ? Math.min(...ahead) : null
}

/** What has become of somebody at another's hand, worth saying; `null` where they did it themselves, or nothing happened. */
export type News = 'promoted' | 'offered' | 'approved' | 'approvedLine' | 'rejected' | 'lapsed'

export function newsOf(
  before: Participation['status'] | undefined,
  after: Participation['status'] | undefined,
): News | null {
  if (before === 'waitlisted' && after === 'confirmed') return 'promoted'
  if (before === 'waitlisted' && after === 'offered') return 'offered'
  if (before === 'pending' && after === 'confirmed') return 'approved'
  if (before === 'pending' && after === 'waitlisted') return 'approvedLine'
  if (before === 'pending' && after === 'none') return 'rejected'
  if (before === 'offered' && after === 'none') return 'lapsed'
  return null
}
