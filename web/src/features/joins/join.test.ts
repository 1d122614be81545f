import { beforeEach, describe, expect, it } from 'vitest'
import { keyFor, settle } from '../../api/idempotency'
import type { EventView, Overlap } from '../../api/types'
import { dropInvitation, keepInvitation, keptInvitation } from './invitation'
import { toAnswers, toJoin } from './join'
import { hasToAsk, partyLimit, type Question } from './rules'

const question = (id: string, kind: Question['kind']): Question => ({
  id,
  kind,
  label: id,
  required: false,
  options: kind === 'choice' ? ['Meat', 'Vegan'] : [],
})
const QUESTIONS = [
  question('note', 'text'),
  question('meal', 'choice'),
  question('photos', 'consent'),
]

describe('what a form asks for', () => {
  it('is as plain as a single click when nothing was said', () => {
    expect(toJoin({ party_size: '1' }, [], null)).toEqual({})
  })
  it('names the guests who have names, and no more than come along', () => {
    const values = { party_size: '3', 'guests[0]': ' ', 'guests[1]': ' Grace ', 'guests[2]': 'Eve' }
    expect(toJoin(values, [], null)).toEqual({ party_size: 3, guests: ['Grace'] })
  })
  it('takes what there is only when it was ticked', () => {
    const party = { party_size: '4', at_least: '2' }
    expect(toJoin(party, [], null)).toEqual({ party_size: 4 })
    expect(toJoin({ ...party, partial: 'on' }, [], null)).toEqual({ party_size: 4, at_least: 2 })
    expect(toJoin({ party_size: '2', partial: 'on' }, [], null)).toMatchObject({ at_least: 1 })
    expect(toJoin({ party_size: '3', partial: 'on', at_least: '9' }, [], null)).toMatchObject({
      at_least: 3,
    })
  })
  it('brings the invitation of the link, else the one that was typed', () => {
    expect(toJoin({ invitation: 'typed' }, [], 'linked')).toEqual({ invitation: 'linked' })
    expect(toJoin({ invitation: ' typed ' }, [], null)).toEqual({ invitation: 'typed' })
  })
  it('leaves other lines only when asked to', () => {
    expect(toJoin({ leave_other_lines: 'on' }, [], null)).toEqual({ leave_other_lines: true })
  })
})

it('a blank is no answer, and a consent is a no unless it is ticked', () => {
  const values = { 'answers.note': '  ', 'answers.meal': 'Vegan', 'answers.photos': 'on' }
  expect(toAnswers(values, QUESTIONS)).toEqual({ meal: 'Vegan', photos: true })
  expect(toAnswers({}, QUESTIONS)).toEqual({ photos: false })
})

describe('whether a click is enough', () => {
  const event = (
    registration: Partial<EventView['registration']> = {},
    overlaps: Partial<Overlap>[] = [],
  ) =>
    ({
      registration: { access: 'open', party_limit: 10, questions: [], ...registration },
      overlaps,
      places: { capacity: 3 },
    }) as unknown as EventView
  it('is asked of the event: questions, other lines, an invitation that is missing', () => {
    expect(hasToAsk(event(), null)).toBe(false)
    expect(hasToAsk(event({ questions: QUESTIONS }), null)).toBe(true)
    expect(hasToAsk(event({}, [{ status: 'confirmed' }]), null)).toBe(false)
    expect(hasToAsk(event({}, [{ status: 'waitlisted' }]), null)).toBe(true)
    expect(hasToAsk(event({ access: 'invitation' }), null)).toBe(true)
    expect(hasToAsk(event({ access: 'invitation' }), 'code')).toBe(false)
    expect(hasToAsk(event({ access: 'approval' }), null)).toBe(false)
  })
  it('and a party is never larger than the event', () => {
    expect(partyLimit(event())).toBe(3)
    expect(partyLimit(event({ party_limit: 2 }))).toBe(2)
  })
})

describe('an invitation', () => {
  beforeEach(() => localStorage.clear())
  it('is kept for its event until it is used', () => {
    keepInvitation('one', 'code')
    expect(keptInvitation('one')).toBe('code')
    expect(keptInvitation('two')).toBeNull()
    dropInvitation('one')
    expect(keptInvitation('one')).toBeNull()
  })
  it('is not kept if it can be none', () => {
    keepInvitation('one', 'x'.repeat(65))
    expect(keptInvitation('one')).toBeNull()
  })
})

it('a key is for one intention: another wish has another', () => {
  sessionStorage.clear()
  const one = keyFor('join', 'event', 'me', '{}')
  expect(keyFor('join', 'event', 'me', '{}')).toBe(one)
  expect(keyFor('leave', 'event', 'me', '{}')).not.toBe(one)
  const two = keyFor('join', 'event', 'me', '{"party_size":2}')
  expect(two).not.toBe(one)
  expect(keyFor('join', 'event', 'me', '{"party_size":2}')).toBe(two)
  settle('join', 'event', 'me')
  expect(keyFor('join', 'event', 'me', '{"party_size":2}')).not.toBe(two)
})
