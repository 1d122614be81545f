import { afterEach, expect, it } from 'vitest'
import type { EventView } from '../../api/types'
import { forgetKept } from '../../api/kept'
import { dropPaper, keepPaper, paperOf, recallPaper } from './keptTicket'
import type { TicketView } from './types'

afterEach(() => localStorage.clear())

const ticket = { ticket: 'CE1.x', display_name: 'Ada', party_size: 1 } as TicketView
const event = (participation: unknown) =>
  ({
    id: 'e1',
    venue: { name: 'Olga’s kitchen', address: null },
    cover: { svg: '/media/covers/food/e1.svg' },
    participation,
  }) as EventView

it('a ticket has the exact address, where only those with a place are told it', () => {
  const venue = { name: 'Olga’s kitchen', address: 'Lindenweg 4' }
  expect(paperOf(event({ venue }), ticket).event.venue.address).toBe('Lindenweg 4')
  expect(paperOf(event({ venue: null }), ticket).event.venue.address).toBeNull()
  expect(paperOf(event(null), ticket).event.venue.name).toBe('Olga’s kitchen')
})

it('a ticket is kept for its owner until they sign out or give up the place', () => {
  const paper = paperOf(event(null), ticket)
  const now = new Date('2026-06-01T16:00:00Z')
  keepPaper(paper, 'ada', now)
  expect(recallPaper('e1', 'ada')).toMatchObject({ saved_at: now.toISOString(), ticket })
  expect(recallPaper('e1', undefined)).not.toBeNull()
  expect(recallPaper('e1', 'eve')).toBeNull()
  dropPaper('e1')
  expect(recallPaper('e1', 'ada')).toBeNull()
  keepPaper(paper, 'ada', now)
  localStorage.setItem('cityevents.locale', 'de')
  forgetKept()
  expect(recallPaper('e1', 'ada')).toBeNull()
  expect(localStorage.getItem('cityevents.locale')).toBe('de')
})
