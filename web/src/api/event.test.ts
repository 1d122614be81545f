import { describe, expect, it } from 'vitest'
import { mergePlaces, parsePlaces } from './event'
import { keyFor, settle } from './idempotency'
import { safeNext } from './next'

const event = { title: 'x', places: { capacity: 10, confirmed: 3, waitlisted: 0, held: 0 } }

describe('live places', () => {
  it('replace the old ones and nothing else', () => {
    const merged = mergePlaces(event, { capacity: 10, confirmed: 4, waitlisted: 0, held: 0 })
    expect(merged).toEqual({
      title: 'x',
      places: { capacity: 10, confirmed: 4, waitlisted: 0, held: 0 },
    })
    expect(event.places.confirmed).toBe(3)
  })
  it('that say nothing new leave the very same object, so nothing is drawn again', () => {
    expect(mergePlaces(event, { ...event.places })).toBe(event)
  })
  it('fill in for places that could not be had before', () => {
    const degraded = { title: 'x', places: null }
    expect(mergePlaces(degraded, event.places)?.places).toEqual(event.places)
    expect(mergePlaces(undefined, event.places)).toBeUndefined()
  })
  it('are read from a message, which may be unlimited or broken', () => {
    expect(parsePlaces('{"capacity":null,"confirmed":2,"waitlisted":0}')).toEqual({
      capacity: null,
      confirmed: 2,
      waitlisted: 0,
      held: 0,
    })
    for (const bad of [
      '',
      '{',
      'null',
      '{"confirmed":"2","waitlisted":0}',
      '{"capacity":"1","confirmed":1,"waitlisted":0}',
    ]) {
      expect(parsePlaces(bad)).toBeNull()
    }
  })
})

describe('an idempotency key', () => {
  it('stays the same until the matter is settled', () => {
    const key = keyFor('join', 'e1', 'u1')
    expect(keyFor('join', 'e1', 'u1')).toBe(key)
    settle('join', 'e1', 'u1')
    expect(keyFor('join', 'e1', 'u1')).not.toBe(key)
  })
  it('belongs to one action, event and person', () => {
    const keys = [
      keyFor('join', 'e2', 'u1'),
      keyFor('leave', 'e2', 'u1'),
      keyFor('join', 'e3', 'u1'),
      keyFor('join', 'e2', 'u2'),
    ]
    expect(new Set(keys).size).toBe(4)
  })
})

describe('the way back after signing in', () => {
  it('stays on this site', () => {
    expect(safeNext('/events/1/jazz?x=1#place')).toBe('/events/1/jazz?x=1#place')
    for (const bad of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      '',
      7,
      undefined,
    ]) {
      expect(safeNext(bad)).toBeUndefined()
    }
  })
})
