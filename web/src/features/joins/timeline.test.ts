import { expect, it } from 'vitest'
import { en } from '../../i18n/en'
import { happenings } from './timeline'

const at = (minute: number) => `2027-06-09T12:${String(minute).padStart(2, '0')}:00Z`
const item = (minute: number, what: string, details = {}, actor_name: string | null = null) => ({
  at: at(minute),
  what,
  actor_name,
  details,
})
const said = (...items: ReturnType<typeof item>[]) =>
  happenings(items, en, (instant) => instant.slice(11, 16)).map(({ words }) => words)

it('says in order what happened to a place', () => {
  expect(
    said(
      item(1, 'arrived', { arrival: 3, party_size: 2 }),
      item(2, 'passed', { by_arrival: 4 }),
      item(3, 'offered', { until: at(30) }),
      item(4, 'placed', { way: 'offer' }),
      item(5, 'ended', { reason: 'left' }),
    ),
  ).toEqual([
    'Came as the 3rd to this event, for 2 people.',
    'Was passed by the 4th: the free places were too few for the whole group.',
    'Was offered a place, to accept until 12:30.',
    'Accepted the offer: has a place.',
    'Gave it up.',
  ])
})

it('names who decided, and does not say the same twice', () => {
  expect(
    said(
      item(1, 'arrived', { arrival: 1, party_size: 1 }),
      item(2, 'placed', { way: 'picked' }),
      item(2, 'picked', { exceeded: 1 }, 'Olga'),
      item(3, 'removed', {}, 'Olga'),
      item(3, 'ended', { reason: 'removed' }),
    ),
  ).toEqual([
    'Came as the 1st to this event.',
    'Olga gave them a place out of turn. Above the capacity, by 1 person.',
    'Olga took them off the list.',
  ])
})

it('has words for an end without a decision, and none for what it does not know', () => {
  expect(said(item(1, 'ended', { reason: 'event_cancelled' }), item(2, 'sung'))).toEqual([
    'The event was cancelled.',
  ])
})
