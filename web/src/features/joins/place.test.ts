import { describe, expect, it } from 'vitest'
import type { EventView } from '../../api/types'
import { reconnectDelay } from './live'
import { NOT_IN, placeState } from './place'

const NOW = new Date('2027-06-09T12:00:00Z')
const event = (over: Partial<EventView> = {}) =>
  ({
    status: 'published',
    starts_at: '2027-06-12T16:00:00Z',
    ends_at: '2027-06-12T18:00:00Z',
    places: { capacity: 10, confirmed: 3, waitlisted: 0, held: 0 },
    participation: null,
    actions: { can_join: true, can_leave: false, can_claim: false, can_edit: false, reason: null },
    degraded: [],
    ...over,
  }) as EventView
const none = { can_join: false, can_leave: false, can_claim: false, can_edit: false }

describe('the place block', () => {
  it('offers a place, or the line when it is full', () => {
    expect(placeState(event(), true, NOW)).toEqual({ kind: 'open', full: false })
    const full = event({ places: { capacity: 3, confirmed: 3, waitlisted: 2, held: 0 } })
    expect(placeState(full, true, NOW)).toEqual({ kind: 'open', full: true })
  })
  it('offers it to strangers too, who sign in on the way', () => {
    const stranger = event({ actions: { ...none, reason: 'unauthenticated' } })
    expect(placeState(stranger, false, NOW).kind).toBe('open')
  })
  it('says when someone is in or in line', () => {
    const mine = (status: 'confirmed' | 'waitlisted', position: number | null) =>
      event({ participation: { ...NOT_IN, status, position, party_size: 1 } })
    expect(placeState(mine('confirmed', null), true, NOW)).toEqual({ kind: 'in' })
    expect(placeState(mine('waitlisted', 3), true, NOW)).toEqual({ kind: 'waiting', position: 3 })
  })
  it('closes at the start, and keeps the reason', () => {
    const at = (iso: string) => placeState(event(), true, new Date(iso))
    expect(at('2027-06-12T16:00:00Z')).toEqual({ kind: 'closed', reason: 'event_started' })
    expect(at('2027-06-12T18:00:00Z')).toEqual({ kind: 'closed', reason: 'event_ended' })
    expect(placeState(event({ status: 'cancelled' }), true, NOW)).toEqual({
      kind: 'closed',
      reason: 'event_cancelled',
    })
    const unverified = event({ actions: { ...none, reason: 'email_not_verified' } })
    expect(placeState(unverified, true, NOW)).toEqual({
      kind: 'closed',
      reason: 'email_not_verified',
    })
  })
  it('keeps the button when the count could not be had', () => {
    const degraded = event({
      places: null,
      degraded: ['places'],
      actions: { ...none, reason: null },
    })
    expect(placeState(degraded, true, NOW)).toEqual({ kind: 'open', full: false })
  })
})

it('reconnecting waits longer each time, up to a limit, and never all at once', () => {
  expect(reconnectDelay(0, 0)).toBe(500)
  expect(reconnectDelay(0, 1)).toBe(1000)
  expect(reconnectDelay(3, 1)).toBe(8000)
  expect(reconnectDelay(20, 1)).toBe(30_000)
})
