import { describe, expect, it } from 'vitest'
import type { EventView, Line, TimeAndPlace } from '../../api/types'
import { de } from '../../i18n/de'
import { en } from '../../i18n/en'
import { dueWords, fullWords, hasMoved, movedWords, waitingWords } from './words'

const now = new Date('2027-06-11T10:00:00Z')
const speech = { t: en, locale: 'en', now } as const
const line = (over: Partial<Line> = {}): Line => ({
  phase: 'automatic',
  cutoff_at: '2027-06-11T16:00:00Z',
  open_claim_at: '2027-06-12T14:00:00Z',
  next_decision_at: null,
  forecast: null,
  ...over,
})
const waits = (over: Partial<Line> | null) => ({
  starts_at: '2027-06-12T16:00:00Z',
  timezone: 'Europe/Berlin',
  line: over && line(over),
})

describe('what happens next in line', () => {
  it('tells the forecast first, and when it will be otherwise', () => {
    const forecast = { usually_reaches: 14, of_events: 5 }
    expect(waitingWords(waits({ forecast }), false, speech)).toEqual([
      'Usually the first 14 in line get in here (5 events).',
      en.place.inLineNext,
      en.place.line.thenOffers('18:00'),
    ])
  })
  it('says nothing of offers where there are none', () => {
    const never = waits({
      cutoff_at: '2027-06-12T16:00:00Z',
      open_claim_at: '2027-06-12T16:00:00Z',
    })
    expect(waitingWords(never, false, speech)).toEqual([en.place.inLineNext])
    const short = waits({
      cutoff_at: '2027-06-12T15:00:00Z',
      open_claim_at: '2027-06-12T15:00:00Z',
    })
    expect(waitingWords(short, false, speech)).toEqual([
      en.place.inLineNext,
      en.place.line.thenClaim('tomorrow, 17:00'),
    ])
  })
  it('names the next decision while places are offered', () => {
    const offers = { phase: 'offers', next_decision_at: '2027-06-11T11:40:00.123Z' } as const
    expect(waitingWords(waits(offers), false, speech)).toEqual([
      en.place.line.offers,
      en.place.line.moves('13:40'),
      en.place.line.thenClaim('tomorrow, 16:00'),
    ])
    const last = { ...offers, next_decision_at: '2027-06-12T14:00:00Z' }
    expect(waitingWords(waits(last), false, speech)).not.toContainEqual(
      expect.stringContaining('may move'),
    )
  })
  it('is short when it is a matter of minutes', () => {
    expect(waitingWords(waits({ phase: 'open_claim' }), false, speech)).toEqual([
      en.place.line.openClaim,
    ])
    expect(waitingWords(waits({ phase: 'open_claim' }), true, speech)).toEqual([
      en.place.line.claimable,
    ])
    expect(waitingWords(waits({ phase: 'closed' }), false, speech)).toEqual([en.place.line.closed])
  })
  it('promises no more than it knows', () => {
    expect(waitingWords(waits(null), false, speech)).toEqual([en.place.inLineNext])
  })
})

it('whoever gets in line is told how places are given now', () => {
  expect(fullWords(line(), speech)).toBe(en.place.fullNext)
  const forecast = { usually_reaches: 0, of_events: 3 }
  expect(fullWords(line({ phase: 'offers', forecast }), speech)).toBe(
    `${en.place.line.fullOffers} Usually nobody gets in from the line here (3 events).`,
  )
  expect(fullWords(line({ phase: 'open_claim' }), speech)).toBe(en.place.line.fullOpenClaim)
})

it('what is owed has its time, and says what is lost', () => {
  const event = waits(null)
  const due = (due_for: 'answers' | 'reconfirmation' | 'offer' | null, due_at: string | null) =>
    dueWords({ due_for, due_at }, event, speech)
  expect(due('answers', '2027-06-11T16:00:00Z')?.ask).toBe(
    'The organiser still needs an answer by 18:00.',
  )
  expect(due('reconfirmation', '2027-06-14T16:00:00Z')?.ask).toBe(
    'Still coming? Answer by Monday 14 June, 18:00.',
  )
  expect(due('offer', '2027-06-11T16:00:00Z')).toBeNull()
  expect(due(null, null)).toBeNull()
})

describe('a change of time or place', () => {
  const venue = { name: 'Old Boathouse', address: 'Uferweg 3', lat: null, lon: null }
  const event = {
    starts_at_local: '2027-06-12T19:00:00',
    ends_at_local: '2027-06-12T21:00:00',
    timezone: 'Europe/Berlin',
    venue,
    all_day: false,
  } as Pick<EventView, 'starts_at_local' | 'ends_at_local' | 'timezone' | 'venue' | 'all_day'>
  const from = (over: Partial<TimeAndPlace>): TimeAndPlace => ({ ...event, ...over })

  it('shows old and new', () => {
    const earlier = from({ starts_at_local: '2027-06-12T18:00:00' })
    expect(movedWords(earlier, event, speech)).toEqual(['Someone changed the time: 18:00 → 19:00.'])
    expect(movedWords(earlier, event, { t: de, locale: 'de', now })).toEqual([
      'Die Zeit wurde geändert: 18:00 → 19:00.',
    ])
  })
  it('names the days when they differ, and days alone where times do not matter', () => {
    const before = from({ starts_at_local: '2027-06-11T18:00:00' })
    expect(movedWords(before, event, speech)).toEqual([
      'Someone changed the time: Fri 11 Jun 18:00 → Sat 12 Jun 19:00.',
    ])
    expect(movedWords(before, { ...event, all_day: true }, speech)).toEqual([
      'Someone changed the time: Fri 11 Jun → Sat 12 Jun.',
    ])
  })
  it('tells the end alone when only that was moved', () => {
    const longer = from({ ends_at_local: '2027-06-12T20:00:00' })
    expect(movedWords(longer, event, speech)).toEqual(['Someone changed the end: 20:00 → 21:00.'])
  })
  it('tells place and time, each in a sentence', () => {
    const both = from({
      starts_at_local: '2027-06-12T18:00:00',
      venue: { ...venue, name: 'New Barn' },
    })
    expect(movedWords(both, event, speech)).toEqual([
      'Someone changed the time: 18:00 → 19:00.',
      'Someone changed the place: New Barn → Old Boathouse.',
    ])
    const street = from({ venue: { ...venue, address: 'Am Ufer 1' } })
    expect(movedWords(street, event, speech)).toEqual([
      'Someone changed the place: Am Ufer 1 → Uferweg 3.',
    ])
  })
  it('is none where nobody would notice', () => {
    expect(hasMoved(from({}), event)).toBe(false)
    expect(hasMoved(null, event)).toBe(false)
    const pinned = from({ venue: { ...venue, lat: 52.5, lon: 13.4 } })
    expect(hasMoved(pinned, event)).toBe(false)
    // Whoever is not told the address is not told that it has changed.
    const hidden = { ...event, venue: { ...venue, address: null } }
    expect(hasMoved(from({ venue: { ...venue, address: 'Am Ufer 1' } }), hidden)).toBe(false)
  })
})
