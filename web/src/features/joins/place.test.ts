import { describe, expect, it } from 'vitest'
import type { EventView, Line, Participation } from '../../api/types'
import { reconnectDelay } from './live'
import {
  freePlaces,
  keptForOthers,
  newsOf,
  nextChange,
  NOT_IN,
  overbookedBy,
  placeState,
} from './place'

const NOW = new Date('2027-06-09T12:00:00Z')
const places = (capacity: number | null, confirmed: number, waitlisted = 0, held = 0) => ({
  capacity,
  confirmed,
  waitlisted,
  held,
})
const line = (over: Partial<Line> = {}): Line => ({
  phase: 'automatic',
  cutoff_at: '2027-06-11T16:00:00Z',
  open_claim_at: '2027-06-12T14:00:00Z',
  next_decision_at: '2027-06-11T16:00:00Z',
  forecast: null,
  ...over,
})
const event = (over: Partial<EventView> = {}) =>
  ({
    status: 'published',
    starts_at: '2027-06-12T16:00:00Z',
    ends_at: '2027-06-12T18:00:00Z',
    places: places(10, 3),
    participation: null,
    actions: {
      can_join: true,
      can_leave: false,
      can_claim: false,
      can_edit: false,
      can_check_in: false,
      reason: null,
    },
    degraded: [],
    line: line(),
    ...over,
  }) as EventView
const none = {
  can_join: false,
  can_leave: false,
  can_claim: false,
  can_edit: false,
  can_check_in: false,
}
const mine = (over: Partial<Participation>, more: Partial<EventView> = {}) =>
  event({ participation: { ...NOT_IN, party_size: 1, ...over }, ...more })

describe('the place block', () => {
  it('offers a place, or the line when it is full', () => {
    expect(placeState(event(), true, NOW)).toEqual({ kind: 'none', full: false })
    const full = event({ places: places(3, 3, 2) })
    expect(placeState(full, true, NOW)).toEqual({ kind: 'none', full: true })
  })
  it('counts what is kept for others as taken', () => {
    const kept = event({ places: places(3, 1, 0, 2) })
    expect(placeState(kept, true, NOW)).toEqual({ kind: 'none', full: true })
  })
  it('leads to the line as long as somebody stands in it, except shortly before the start', () => {
    const behind = places(5, 3, 4)
    expect(placeState(event({ places: behind }), true, NOW)).toMatchObject({ full: true })
    const claims = event({ places: behind, line: line({ phase: 'open_claim' }) })
    expect(placeState(claims, true, NOW)).toMatchObject({ full: false })
  })
  it('offers it to strangers too, who sign in on the way', () => {
    const stranger = event({ actions: { ...none, reason: 'unauthenticated' } })
    expect(placeState(stranger, false, NOW).kind).toBe('none')
  })
  it('says when someone is in, in line, or has asked', () => {
    expect(placeState(mine({ status: 'confirmed' }), true, NOW)).toEqual({ kind: 'confirmed' })
    expect(placeState(mine({ status: 'pending' }), true, NOW)).toEqual({ kind: 'pending' })
    const waiting = mine({ status: 'waitlisted', position: 3 })
    expect(placeState(waiting, true, NOW)).toEqual({
      kind: 'waitlisted',
      position: 3,
      canClaim: false,
    })
  })
  it('keeps an offer until its time is up, to the second', () => {
    const offered = mine({
      status: 'offered',
      due_for: 'offer',
      due_at: '2027-06-09T12:30:00Z',
    })
    expect(placeState(offered, true, NOW)).toEqual({
      kind: 'offered',
      until: '2027-06-09T12:30:00Z',
    })
    const late = new Date('2027-06-09T12:30:00Z')
    expect(placeState(offered, true, late)).toEqual({ kind: 'closed', reason: 'offer_lapsed' })
  })
  it('lets the line take what is free shortly before the start, as soon as the numbers say so', () => {
    const waits = { status: 'waitlisted', position: 1 } as const
    const claims = { line: line({ phase: 'open_claim' }) }
    const free = mine(waits, { ...claims, places: places(3, 2, 1) })
    expect(placeState(free, true, NOW)).toMatchObject({ canClaim: true })
    const taken = mine(waits, { ...claims, places: places(3, 3, 1) })
    expect(placeState(taken, true, NOW)).toMatchObject({ canClaim: false })
    const earlier = mine(waits, { places: places(3, 2, 1) })
    expect(placeState(earlier, true, NOW)).toMatchObject({ canClaim: false })
    const begun = new Date('2027-06-12T16:00:00Z')
    expect(placeState(free, true, begun)).toMatchObject({ canClaim: false })
  })
  it('closes at the start, and keeps the reason', () => {
    const at = (iso: string) => placeState(event(), true, new Date(iso))
    expect(at('2027-06-12T16:00:00Z')).toEqual({ kind: 'closed', reason: 'event_started' })
    expect(at('2027-06-12T18:00:00Z')).toEqual({ kind: 'closed', reason: 'event_ended' })
    expect(placeState(event({ status: 'cancelled' }), true, NOW)).toEqual({
      kind: 'closed',
      reason: 'event_cancelled',
    })
    for (const reason of ['email_not_verified', 'banned', 'registration_closed']) {
      const refused = event({ actions: { ...none, reason } })
      expect(placeState(refused, true, NOW)).toEqual({ kind: 'closed', reason })
    }
  })
  it('keeps the button when the count could not be had', () => {
    const degraded = event({
      places: null,
      degraded: ['places'],
      actions: { ...none, reason: null },
    })
    expect(placeState(degraded, true, NOW)).toEqual({ kind: 'none', full: false })
  })
})

describe('the numbers', () => {
  it('what is kept for others is not free', () => {
    expect(freePlaces(places(10, 4, 0, 2))).toBe(4)
    expect(freePlaces(places(10, 12))).toBe(0)
    expect(freePlaces(places(null, 4))).toBeNull()
  })
  it('what is kept is said where somebody who counts would wonder', () => {
    expect(keptForOthers(places(10, 6, 0, 3))).toBe(3)
    expect(keptForOthers(places(100, 6, 0, 3))).toBe(0)
    expect(keptForOthers(places(null, 6, 0, 3))).toBe(0)
  })
  it('overbooking is what is above the capacity', () => {
    expect(overbookedBy(places(10, 12, 0, 1))).toBe(3)
    expect(overbookedBy(places(10, 10))).toBe(0)
    expect(overbookedBy(places(null, 99))).toBe(0)
  })
})

it('the page is asked again at the next instant that changes something', () => {
  const rules = { opens_at: null, closes_at: '2027-06-10T10:00:00Z' }
  const at = (iso: string) => nextChange(event(), rules, new Date(iso))
  expect(at('2027-06-09T12:00:00Z')).toBe(Date.parse('2027-06-10T10:00:00Z'))
  expect(at('2027-06-10T10:00:00Z')).toBe(Date.parse('2027-06-11T16:00:00Z'))
  expect(at('2027-06-12T17:00:00Z')).toBe(Date.parse('2027-06-12T18:00:00Z'))
  expect(at('2027-06-12T18:00:00Z')).toBeNull()
})

it('only what happens at another’s hand is news', () => {
  expect(newsOf('waitlisted', 'confirmed')).toBe('promoted')
  expect(newsOf('waitlisted', 'offered')).toBe('offered')
  expect(newsOf('pending', 'confirmed')).toBe('approved')
  expect(newsOf('pending', 'waitlisted')).toBe('approvedLine')
  expect(newsOf('pending', 'none')).toBe('rejected')
  expect(newsOf('offered', 'none')).toBe('lapsed')
  expect(newsOf(undefined, 'confirmed')).toBeNull()
  expect(newsOf('none', 'confirmed')).toBeNull()
  expect(newsOf('confirmed', 'confirmed')).toBeNull()
})

it('reconnecting waits longer each time, up to a limit, and never all at once', () => {
  expect(reconnectDelay(0, 0)).toBe(500)
  expect(reconnectDelay(0, 1)).toBe(1000)
  expect(reconnectDelay(3, 1)).toBe(8000)
  expect(reconnectDelay(20, 1)).toBe(30_000)
})
