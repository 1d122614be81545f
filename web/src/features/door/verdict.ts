import type { Standing } from './standing'
import type { Signature, Ticket } from './ticket'
import type { Entry, Guest, Kept, ScanResult, Way } from './types'

/** What was held before the camera, or tapped on the list. */
export type Look = { ticket: Ticket; signature: Signature } | { guest: Guest }

/** What a steward is told. */
export type Verdict =
  /** In, or out; `inside` counts them as they are now. */
  | { kind: 'done'; way: Way; name: string; guests: string[]; people: number; party: number }
  /** A party, some of which may come or go: the steward says how many. */
  | {
      kind: 'many'
      way: Way
      guest: Guest
      most: number
      inside: number
      came: Entry | null
      ticket?: string
    }
  | { kind: 'already_in'; name: string; first: Entry | null; inside: number; party: number }
  | { kind: 'not_in'; name: string }
  /** A real ticket that is not on the list that this device has: newer than it, or given up. */
  | { kind: 'unsure'; ticket: Ticket; loaded_at: number }
  | { kind: 'no_place'; name: string }
  | { kind: 'wrong_event' }
  | { kind: 'forged' }
  | { kind: 'unknown' }

/** Whether it is a refusal: said in red, and counted as one. */
export const refuses = (verdict: Verdict) =>
  verdict.kind !== 'done' && verdict.kind !== 'many' && verdict.kind !== 'unsure'

type Door = {
  kept: Pick<Kept, 'event_id' | 'guests' | 'gone' | 'loaded_at'>
  standingOf: (line_no: number) => Standing
  /** Whether the list is as good as the server's. */
  fresh: boolean
}

/** What this device says by itself, from its list and the ticket's signature. */
export function decide({ kept, standingOf, fresh }: Door, look: Look, way: Way): Verdict {
  if ('guest' in look) return atPlace(look.guest, standingOf(look.guest.line_no), way)
  const { ticket, signature } = look
  if (signature === 'bad') return { kind: 'forged' }
  if (ticket.event_id !== kept.event_id) return { kind: 'wrong_event' }
  const guest = findGuest(kept.guests, ticket.line_no)
  if (guest && guest.join_id !== ticket.join_id) return { kind: 'forged' }
  if (guest) return atPlace(guest, standingOf(guest.line_no), way)
  if (signature === 'unchecked') return { kind: 'unknown' } // nothing speaks for it
  const gone = kept.gone.includes(ticket.line_no)
  return gone || fresh
    ? { kind: 'no_place', name: '' }
    : { kind: 'unsure', ticket, loaded_at: kept.loaded_at }
}

function atPlace(guest: Guest, { inside, came }: Standing, way: Way): Verdict {
  const { display_name: name, guests, party_size: party } = guest
  const most = way === 'in' ? party - inside : inside
  if (most <= 0) {
    return way === 'in'
      ? { kind: 'already_in', name, first: came, inside, party }
      : { kind: 'not_in', name }
  }
  if (most > 1) return { kind: 'many', way, guest, most, inside, came }
  return { kind: 'done', way, name, guests, people: 1, party }
}

/** What the server said of a scan, which counts more than what this device thinks. */
export function fromServer(
  result: Pick<ScanResult, 'outcome' | 'first' | 'inside' | 'party_size'>,
  local: Verdict,
  scan: { name: string; guests: string[]; way: Way; people: number | undefined },
): Verdict {
  const { name, guests, way } = scan
  const party = result.party_size ?? 1
  switch (result.outcome) {
    case 'accepted': {
      const people = scan.people ?? result.inside ?? 1
      return { kind: 'done', way, name, guests, people, party }
    }
    case 'already_in': {
      const first = result.first && entryOf(result.first)
      return { kind: 'already_in', name, first, inside: result.inside ?? 0, party }
    }
    case 'not_in':
    case 'no_place':
      return { kind: result.outcome, name }
    case 'wrong_event':
    case 'forged':
    case 'unknown':
      return { kind: result.outcome }
    case 'nothing_to_undo':
      return local
  }
}

export const entryOf = (scan: {
  scanned_at: string
  gate: string
  steward_name: string
}): Entry => ({ at: scan.scanned_at, gate: scan.gate, by: scan.steward_name })

/** By halves, since the list is in order of numbers and may be long. */
export function findGuest(guests: readonly Guest[], line_no: number): Guest | undefined {
  let [low, high] = [0, guests.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (guests[middle]!.line_no < line_no) low = middle + 1
    else high = middle
  }
  const guest = guests[low]
  return guest?.line_no === line_no ? guest : undefined
}
