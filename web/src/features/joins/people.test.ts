import { describe, expect, it } from 'vitest'
import type { MyJoin } from '../../api/types'
import { de } from '../../i18n/de'
import { en } from '../../i18n/en'
import { invitationLink, invitationState, toInvitation } from './invitations'
import { dueOf, sameTime, standingWords } from './mine'
import { deedsFor, exceededBy, parsePeople } from './people'

it('the address of the list drops what makes no sense', () => {
  expect(parsePeople({})).toEqual({})
  expect(parsePeople({ status: 'ended', name: '  ', view: 'x' })).toEqual({})
  expect(parsePeople({ status: 'offered', name: ' ada ' })).toEqual({
    status: 'offered',
    name: 'ada',
  })
  expect(parsePeople({ name: 42 })).toEqual({ name: '42' })
  expect(parsePeople({ view: 'bans', status: 'offered' })).toEqual({ view: 'bans' })
})

it('a place out of turn exceeds the capacity by whoever does not fit', () => {
  const places = { capacity: 10, confirmed: 8, waitlisted: 4, held: 1 }
  const waits = (party_size: number) => ({ party_size, status: 'waitlisted' }) as const
  expect(exceededBy(places, waits(1))).toBe(0)
  expect(exceededBy(places, waits(3))).toBe(2)
  expect(exceededBy({ ...places, capacity: null }, waits(3))).toBe(0)
  // An offer keeps its place already.
  expect(exceededBy({ ...places, held: 2 }, { party_size: 2, status: 'offered' })).toBe(0)
})

it('what can be done about somebody depends on where they stand, and whether it has begun', () => {
  expect(deedsFor('pending', true)).toEqual(['approve', 'reject', 'admit', 'ban'])
  expect(deedsFor('waitlisted', true)).toEqual(['admit', 'remove', 'ban'])
  expect(deedsFor('confirmed', true)).toEqual(['remove', 'ban'])
  expect(deedsFor('pending', false)).toEqual(['reject', 'ban'])
  expect(deedsFor('waitlisted', false)).toEqual(['remove', 'ban'])
})

describe('an invitation', () => {
  const now = new Date('2027-06-09T12:00:00Z')
  it('is good until it is used up, over, or taken back', () => {
    const good = { uses_left: 1, expires_at: null, revoked_at: null }
    expect(invitationState(good, now)).toBe('good')
    expect(invitationState({ ...good, uses_left: 0 }, now)).toBe('spent')
    expect(invitationState({ ...good, expires_at: '2027-06-09T12:00:00Z' }, now)).toBe('expired')
    expect(invitationState({ ...good, expires_at: '2027-06-09T12:00:01Z' }, now)).toBe('good')
    expect(invitationState({ ...good, revoked_at: '2027-06-01T12:00:00Z' }, now)).toBe('revoked')
  })
  it('has a link that anybody can open', () => {
    expect(invitationLink('https://city.example', 'e1', 'a-b_c')).toBe(
      'https://city.example/events/e1?invitation=a-b_c',
    )
  })
  it('ends at an instant that was said on the reader’s clock', () => {
    const values = { label: ' Band ', uses: '2', reserved: '', expires_at: '2027-06-12T18:00' }
    expect(toInvitation(values)).toEqual({
      label: 'Band',
      uses: 2,
      reserved: 0,
      expires_at: '2027-06-12T16:00:00.000Z', // the tests run in Berlin
    })
    expect(toInvitation({ label: 'Band' })).toEqual({ label: 'Band', uses: 1, reserved: 0 })
  })
})

describe('my places', () => {
  it('say where one stands, and where one stood', () => {
    const words = (status: string, past = false) => standingWords({ status, position: 3 }, past, en)
    expect(words('waitlisted')).toBe('3rd in line')
    expect(words('offered')).toBe(en.mine.offered)
    expect(words('pending', true)).toBe(en.mine.wasAsking)
    expect(words('cancelled', true)).toBe(en.mine.cancelled)
    expect(standingWords({ status: 'waitlisted', position: 3 }, false, de)).toContain('Rang 3')
  })
  it('know what is owed', () => {
    expect(dueOf({ due_for: 'offer', due_at: 'x' })).toEqual({ what: 'offer', at: 'x' })
    expect(dueOf({ due_for: 'something new', due_at: 'x' })).toBeNull()
    expect(dueOf({ due_for: null, due_at: null })).toBeNull()
  })
  it('mark two events at one time, but none that was cancelled or only touches', () => {
    const at = (id: string, from: number, to: number, status = 'confirmed') => ({
      join_id: id,
      status,
      event: {
        id,
        title: `Event ${id}`,
        starts_at: `2027-06-12T${from}:00:00Z`,
        ends_at: `2027-06-12T${to}:00:00Z`,
      } as MyJoin['event'],
    })
    const joins = [
      at('a', 10, 12),
      at('b', 11, 13, 'waitlisted'),
      at('c', 13, 14),
      at('d', 13, 14, 'cancelled'),
      { join_id: 'e', status: 'confirmed', event: null },
    ]
    expect([...sameTime(joins)]).toEqual([
      ['a', 'Event b'],
      ['b', 'Event a'],
    ])
  })
})
