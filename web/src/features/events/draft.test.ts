import { describe, expect, it } from 'vitest'
import type { EventView } from '../../api/types'
import { changes, fromEvent, toEvent } from './draft'
import { mapUrl } from '../../api/map'
import { DEFAULT } from './registration'

const values = {
  title: ' Jazz ',
  description: 'Loud.',
  category: 'music',
  language: 'en',
  city: 'Berlin',
  'venue.name': 'Hof 12',
  'venue.address': '',
  'venue.lat': '52,5',
  'venue.lon': '13.4',
  starts_at_local: '2027-06-12T19:00',
  ends_at_local: '2027-06-12T22:00',
  timezone: 'Europe/Berlin',
  capacity: '20',
  price: ' ',
  external_url: '',
}

describe('an event from the form', () => {
  it('trims, reads numbers with comma or point, and leaves out what is empty', () => {
    expect(toEvent({ ...values, limited: 'on' })).toEqual({
      title: 'Jazz',
      description: 'Loud.',
      category: 'music',
      language: 'en',
      city: 'Berlin',
      venue: { name: 'Hof 12', address: null, lat: 52.5, lon: 13.4 },
      starts_at_local: '2027-06-12T19:00',
      ends_at_local: '2027-06-12T22:00',
      timezone: 'Europe/Berlin',
      all_day: false,
      capacity: 20,
      price: null,
      external_url: null,
      registration: DEFAULT,
    })
  })
  it('without a limit has no capacity, whatever was typed before; a limit of 0 is 0', () => {
    expect(toEvent(values).capacity).toBeNull()
    expect(toEvent({ ...values, limited: 'on', capacity: '0' }).capacity).toBe(0)
  })
  it('for a whole day is given by its first and last day', () => {
    const event = toEvent({
      ...values,
      all_day: 'on',
      starts_at_local: '2027-06-12',
      ends_at_local: '2027-06-13',
    })
    expect([event.starts_at_local, event.ends_at_local]).toEqual(['2027-06-12', '2027-06-13'])
  })
})

describe('an edit', () => {
  const stored = {
    ...toEvent(values),
    starts_at_local: '2027-06-12T19:00:00',
    ends_at_local: '2027-06-12T22:00:00',
  } as unknown as EventView
  it('sends nothing when nothing changed', () => {
    expect(changes(fromEvent(stored), toEvent(values))).toEqual({})
  })
  it('of the rules of registration sends them all', () => {
    const mine = toEvent({ ...values, 'registration.party_limit': '4' })
    expect(changes(fromEvent(stored), mine)).toEqual({
      registration: { ...DEFAULT, party_limit: 4 },
    })
  })
  it('of a whole day sees no change in the midnight that the server keeps as its end', () => {
    const day = {
      ...stored,
      all_day: true,
      starts_at_local: '2027-06-12T00:00:00',
      ends_at_local: '2027-06-14T00:00:00',
    }
    const form = {
      ...values,
      all_day: 'on',
      starts_at_local: '2027-06-12',
      ends_at_local: '2027-06-13',
    }
    expect(changes(fromEvent(day), toEvent(form))).toEqual({})
  })
  it('sends only what changed, the venue as a whole', () => {
    expect(
      changes(fromEvent(stored), toEvent({ ...values, title: 'Blues', 'venue.lat': '' })),
    ).toEqual({
      title: 'Blues',
      venue: { name: 'Hof 12', address: null, lat: null, lon: 13.4 },
    })
  })
})

it('the map shows the spot, or searches for the address', () => {
  const venue = { name: 'Hof 12', address: 'Weg 1', lat: 52.5, lon: 13.4 }
  expect(mapUrl({ venue, city: 'Berlin' })).toContain('mlat=52.5&mlon=13.4')
  expect(mapUrl({ venue: { ...venue, lat: null, lon: null }, city: 'Berlin' })).toContain(
    'query=Weg%201%2C%20Berlin',
  )
})
