import { describe, expect, it } from 'vitest'
import type { Card } from '../../api/types'
import { groupByDay, isTonight } from './days'

const NOW = new Date('2027-06-09T12:00:00Z')
const card = (id: string, local: string, timezone = 'Europe/Berlin') =>
  ({ id, starts_at_local: local, timezone, all_day: false }) as Card

describe('the river of days', () => {
  it('groups by the date on the wall of the event’s own city', () => {
    const groups = groupByDay(
      [
        card('a', '2027-06-09T19:00:00'),
        card('b', '2027-06-10T01:00:00', 'Asia/Tokyo'),
        card('c', '2027-06-09T21:00:00'),
      ],
      NOW,
    )
    expect(groups.map((group) => [group.day, group.cards.map((item) => item.id)])).toEqual([
      ['2027-06-09', ['a', 'c']],
      ['2027-06-10', ['b']],
    ])
  })
  it('counts among today what began yesterday and still goes on', () => {
    const groups = groupByDay(
      [card('late', '2027-06-08T23:00:00'), card('new', '2027-06-09T10:00:00')],
      NOW,
    )
    expect(groups.map((group) => group.day)).toEqual(['2027-06-09'])
  })
  it('shows once a card that two pages carry', () => {
    const twice = card('a', '2027-06-09T19:00:00')
    expect(groupByDay([twice, twice], NOW)[0]?.cards).toHaveLength(1)
  })
  it('says “tonight” only when everything starts in the evening', () => {
    expect(isTonight([card('a', '2027-06-09T19:00:00')])).toBe(true)
    expect(isTonight([card('a', '2027-06-09T19:00'), card('b', '2027-06-09T11:00')])).toBe(false)
  })
})
