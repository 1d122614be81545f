import { describe, expect, it } from 'vitest'
import { answered, nextBatch, takeBack, toRequest, withoutKnown } from './queue'
import { search } from './search'
import { count, standing, stepsOf, type Step } from './standing'
import type { Ticket } from './ticket'
import type { Guest, Pending, Scan, ScanResult } from './types'
import { decide, findGuest, fromServer } from './verdict'

const EVENT = '01890a5d-ac96-774b-bcce-b302099a8057'
const join = (n: number) => `01890a5e-0000-7000-8000-${String(n).padStart(12, '0')}`

const guest = (line_no: number, display_name: string, rest: Partial<Guest> = {}): Guest => ({
  join_id: join(line_no),
  line_no,
  display_name,
  guests: [],
  party_size: 1,
  inside: 0,
  arrived_at: null,
  ...rest,
})

const ada = guest(3, 'Ada')
const party = guest(7, 'Zoë Müller', { party_size: 3, guests: ['Grace Hopper'] })
const guests = [ada, party]

const ticketOf = (of: Guest, rest: Partial<Ticket> = {}): Ticket => ({
  text: 'CE1.x',
  kid: '00000000',
  event_id: EVENT,
  join_id: of.join_id,
  line_no: of.line_no,
  people: of.party_size,
  signed: new Uint8Array(),
  signature: new Uint8Array(),
  ...rest,
})

let seq = 0
const scan = (rest: Partial<Scan>): Scan => ({
  id: `s${seq}`,
  seq: seq++,
  line_no: 3,
  kind: 'in',
  people: 1,
  outcome: 'accepted',
  scanned_at: '2026-06-01T16:02:00Z',
  received_at: '2026-06-01T16:02:01Z',
  gate: 'North',
  device: '',
  steward_id: 'olga',
  steward_name: 'Olga',
  undone: false,
  ...rest,
})

const pending = (id: string, rest: Partial<Pending> = {}): Pending => ({
  id,
  event_id: EVENT,
  user_id: 'stef',
  gate: 'South',
  at: '2026-06-01T16:05:00Z',
  kind: 'in',
  line_no: 3,
  people: 1,
  name: 'Ada',
  told: 'yes',
  ...rest,
})

function doorOf(log: Scan[] = [], queue: Pending[] = [], gone: number[] = [], fresh = false) {
  const steps = stepsOf(log, queue)
  return {
    kept: { event_id: EVENT, guests, gone, loaded_at: 1 },
    standingOf: (line_no: number) => standing(steps.get(line_no) ?? []),
    fresh,
  }
}
const good = (ticket: Ticket) => ({ ticket, signature: 'good' as const })

describe('a verdict', () => {
  it('lets one person in at once, and asks how many of a party have come', () => {
    expect(decide(doorOf(), good(ticketOf(ada)), 'in')).toMatchObject({
      kind: 'done',
      name: 'Ada',
      people: 1,
    })
    expect(decide(doorOf(), good(ticketOf(party)), 'in')).toMatchObject({ kind: 'many', most: 3 })
    const two = [scan({ line_no: 7, people: 2 })]
    expect(decide(doorOf(two), good(ticketOf(party)), 'in')).toMatchObject({
      kind: 'done',
      people: 1,
    })
    expect(decide(doorOf(two), { guest: party }, 'out')).toMatchObject({ kind: 'many', most: 2 })
  })

  it('says since when, where and by whom somebody is in', () => {
    const first = { at: '2026-06-01T16:02:00Z', gate: 'North', by: 'Olga' }
    expect(decide(doorOf([scan({})]), good(ticketOf(ada)), 'in')).toMatchObject({
      kind: 'already_in',
      first,
    })
    expect(decide(doorOf(), good(ticketOf(ada)), 'out')).toEqual({ kind: 'not_in', name: 'Ada' })
  })

  it('counts what this device has not sent yet', () => {
    const queue = [pending('a')]
    expect(decide(doorOf([], queue), good(ticketOf(ada)), 'in').kind).toBe('already_in')
    const refused = [pending('a', { told: 'no' })]
    expect(decide(doorOf([], refused), good(ticketOf(ada)), 'in').kind).toBe('done')
  })

  it('tells forged tickets and those of other events apart', () => {
    const bad = { ticket: ticketOf(ada), signature: 'bad' as const }
    expect(decide(doorOf(), bad, 'in').kind).toBe('forged')
    const other = ticketOf(ada, { event_id: join(1) })
    expect(decide(doorOf(), good(other), 'in').kind).toBe('wrong_event')
    const copied = ticketOf(ada, { join_id: join(99) })
    expect(decide(doorOf(), good(copied), 'in').kind).toBe('forged')
  })

  it('without a signature that can be checked goes by the list alone', () => {
    const unchecked = (ticket: Ticket) => ({ ticket, signature: 'unchecked' as const })
    expect(decide(doorOf(), unchecked(ticketOf(ada)), 'in').kind).toBe('done')
    expect(decide(doorOf(), unchecked(ticketOf(guest(50, 'x'))), 'in').kind).toBe('unknown')
  })

  it('does not call a place given up that may only be newer than the list', () => {
    const newer = good(ticketOf(guest(50, 'New')))
    expect(decide(doorOf(), newer, 'in').kind).toBe('unsure')
    expect(decide(doorOf([], [], [50]), newer, 'in').kind).toBe('no_place')
    expect(decide(doorOf([], [], [], true), newer, 'in').kind).toBe('no_place')
  })

  it('of the server counts more than one’s own', () => {
    const local = decide(doorOf(), good(ticketOf(ada)), 'in')
    const result = {
      outcome: 'already_in' as const,
      inside: 1,
      party_size: 1,
      first: scan({ gate: 'East' }),
    }
    const said = { name: 'Ada', guests: [], way: 'in' as const, people: 1 }
    const verdict = fromServer(result, local, said)
    expect(verdict).toMatchObject({ kind: 'already_in', name: 'Ada', first: { gate: 'East' } })
  })
})

describe('where a place stands', () => {
  const step = (id: string, kind: Step['kind'], people = 1, undoes?: string): Step => {
    return { id, kind, people, undoes, entry: { at: id, gate: '', by: '' } }
  }

  it('follows entries, exits and mistakes taken back', () => {
    const steps = [step('a', 'in', 2), step('b', 'in', 1), step('c', 'out', 3)]
    expect(standing(steps)).toMatchObject({ inside: 0, last: 'c' })
    expect(standing([...steps, step('d', 'undo')])).toMatchObject({ inside: 3, last: 'b' })
    const [all, none] = [
      [...steps, step('d', 'undo'), step('e', 'undo')],
      [step('d', 'undo'), step('e', 'undo'), step('f', 'undo')],
    ]
    expect(standing(all)).toMatchObject({ inside: 2, last: 'a', came: { at: 'a' } })
    expect(standing([...steps, ...none])).toEqual({ inside: 0, came: null, last: null })
    expect(standing([...steps, step('d', 'undo', 1, 'a')])).toMatchObject({ last: 'c' })
  })

  it('counts a scan once, though both the queue and the log have it', () => {
    const log = [scan({ id: 'a' }), scan({ outcome: 'already_in' })]
    const queue = [pending('a', { outcome: 'accepted' }), pending('b', { outcome: 'already_in' })]
    expect(standing(stepsOf(log, queue).get(3) ?? []).inside).toBe(1)
    expect(standing(stepsOf([], queue).get(3) ?? []).inside).toBe(1)
  })

  it('adds up to how many are expected, have come, and are inside', () => {
    const log = [scan({}), scan({ line_no: 7, people: 2 }), scan({ kind: 'out' })]
    const steps = stepsOf(log, [])
    const sum = count(guests, (it) => standing(steps.get(it.line_no) ?? []))
    expect(sum).toEqual({ expected: 4, arrived: 3, inside: 2 })
    const left = [...log, scan({ line_no: 7, kind: 'out', people: 2 })]
    const after = stepsOf(left, [])
    const later = count(guests, (it) => standing(after.get(it.line_no) ?? []))
    expect(later).toEqual({ expected: 4, arrived: 2, inside: 0 })
  })
})

describe('the queue', () => {
  const result = (id: string, outcome: ScanResult['outcome'], first: Scan | null = null) => {
    return { id, outcome, line_no: 3, inside: 1, party_size: 1, first }
  }
  const undo = (it: Pending | undefined): Pending =>
    pending(`undo ${it?.id}`, { kind: 'undo', undoes: it?.id })

  it('goes out in order, gate by gate, and only under one’s own name', () => {
    const queue = [
      pending('a'),
      pending('b', { outcome: 'accepted' }),
      pending('c', { user_id: 'olga' }),
      pending('d'),
      pending('e', { gate: 'North' }),
      pending('f'),
    ]
    expect(nextBatch(queue, 'stef').map((it) => it.id)).toEqual(['a', 'd'])
    expect(nextBatch(queue, 'olga').map((it) => it.id)).toEqual(['c'])
    expect(nextBatch(queue, 'ada')).toEqual([])
  })

  it('sends a ticket or a number, never both', () => {
    const request = toRequest(pending('a', { ticket: 'CE1.x', line_no: 3 }))
    expect([request.ticket, request.line_no]).toEqual(['CE1.x', undefined])
    expect(toRequest(pending('a')).line_no).toBe(3)
  })

  it('says when somebody was let in here who was in already', () => {
    const first = scan({ gate: 'North', scanned_at: '2026-06-01T16:02:00Z' })
    const change = answered([pending('a')], [result('a', 'already_in', first)], undo)
    expect(change.queue).toEqual([])
    expect(change.conflicts).toMatchObject([
      { name: 'Ada', at: '2026-06-01T16:05:00Z', outcome: 'already_in', first: { gate: 'North' } },
    ])
  })

  it('says nothing where the steward heard the same, or nothing yet', () => {
    const queue = [pending('a', { told: 'no' }), pending('b', { asking: true }), pending('c')]
    const results = [result('a', 'already_in'), result('b', 'already_in'), result('c', 'accepted')]
    const change = answered(queue, results, undo)
    expect(change.conflicts).toEqual([])
    expect(change.queue).toMatchObject([{ id: 'c', outcome: 'accepted' }])
  })

  it('takes back what the server made of somebody who was sent away', () => {
    const change = answered([pending('a', { told: 'no' })], [result('a', 'accepted')], undo)
    expect(change.queue).toMatchObject([{ id: 'a' }, { kind: 'undo', undoes: 'a' }])
  })

  it('holds an undo back until it is known what it takes back', () => {
    const queue = [pending('a', { tried: true }), pending('u', { kind: 'undo', undoes: 'a' })]
    expect(nextBatch(queue, 'stef').map((it) => it.id)).toEqual(['a'])
    const accepted = answered(queue, [result('a', 'accepted')], undo).queue
    expect(nextBatch(accepted, 'stef').map((it) => it.id)).toEqual(['u'])
    // Another gate's entry is not to be taken back in its stead.
    const refused = answered(queue, [result('a', 'already_in')], undo)
    expect(refused).toEqual({ queue: [], conflicts: [] })
  })

  it('forgets a scan that is taken back before anybody heard of it', () => {
    expect(takeBack([pending('a')], 'a', undo)).toEqual([])
    const sent = takeBack([pending('a', { tried: true })], 'a', undo)
    expect(sent.map((it) => it.kind)).toEqual(['in', 'undo'])
  })

  it('drops what everybody knows', () => {
    const queue = [pending('a', { outcome: 'accepted' }), pending('b')]
    expect(withoutKnown(queue, () => true).map((it) => it.id)).toEqual(['b'])
    expect(withoutKnown(queue, () => false)).toBe(queue)
  })
})

describe('the list', () => {
  it('is searched without accents, by number, by guests’ names, best first', () => {
    const all = [guest(1, 'Lena Adam'), ada, party, guest(12, 'Jonas Groß'), guest(15, 'Damian')]
    const names = (typed: string) => search(all, typed).map((it) => it.display_name)
    expect(names('zoe mull')).toEqual(['Zoë Müller'])
    expect(names('HOPPER')).toEqual(['Zoë Müller'])
    expect(names('ada')).toEqual(['Lena Adam', 'Ada'])
    expect(names('dam')).toEqual(['Damian', 'Lena Adam'])
    expect(names('gross')).toEqual(['Jonas Groß'])
    expect(names('No. 12')).toEqual(['Jonas Groß'])
    expect(names('12')).toEqual(['Jonas Groß'])
    expect(names('nobody')).toEqual([])
    expect(names('')).toHaveLength(5)
  })

  it('is looked up by number', () => {
    expect(findGuest(guests, 7)).toBe(party)
    expect(findGuest(guests, 5)).toBeUndefined()
    expect(findGuest([], 5)).toBeUndefined()
  })
})
