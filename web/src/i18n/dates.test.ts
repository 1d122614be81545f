import { describe, expect, it } from 'vitest'
import {
  addDays,
  dayParts,
  durationOf,
  formatDay,
  formatDuration,
  formatDayOfMonth,
  formatLeft,
  formatMoment,
  formatTime,
  lastDay,
  ordinal,
  spanOf,
  startsIn,
  todayIn,
  weekday,
  zoneNote,
  type When,
} from './dates'

const concert: When = {
  starts_at: '2027-06-12T16:00:00Z',
  ends_at: '2027-06-12T18:30:00Z',
  starts_at_local: '2027-06-12T18:00:00',
  ends_at_local: '2027-06-12T20:30:00',
  timezone: 'Europe/Berlin',
  all_day: false,
}
const TODAY = '2027-06-09'

describe('wall times', () => {
  it('are shown as written, whatever the zone of the reader', () => {
    expect(formatTime('2027-06-12T18:00:00', 'en')).toBe('18:00')
    expect(formatTime('2027-06-12T18:00', 'de')).toBe('18:00')
  })
  it('that a clock change skips in the reader’s zone are still shown as written', () => {
    // 02:30 does not exist in Berlin on that day, but does in the event's city
    expect(formatTime('2027-03-28T02:30:00', 'en')).toBe('02:30')
  })
  it('name the day in words, with a year only when it is another one', () => {
    expect(formatDay('2027-06-12', TODAY, 'en')).toBe('Saturday 12 June')
    expect(formatDay('2028-01-01', TODAY, 'de')).toBe('Samstag, 1. Januar 2028')
    expect(dayParts('2027-06-12', 'de')).toMatchObject({
      weekday: 'Samstag',
      day: '12',
      month: 'Juni',
    })
  })
})

describe('days', () => {
  it('are counted across months and clock changes', () => {
    expect(addDays('2027-03-27', 2)).toBe('2027-03-29')
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
    expect(weekday('2027-06-12')).toBe(5)
  })
  it('depend on the zone', () => {
    const late = new Date('2027-06-12T22:30:00Z')
    expect(todayIn('Europe/Berlin', late)).toBe('2027-06-13')
    expect(todayIn('America/Toronto', late)).toBe('2027-06-12')
    expect(todayIn('Nowhere/Atlantis', late)).toMatch(/^2027-06-1[23]$/)
  })
  it('end the day before when an event ends at midnight', () => {
    expect(lastDay('2027-06-12T00:00:00', '2027-06-13T00:00:00')).toBe('2027-06-12')
    expect(lastDay('2027-06-12T00:00:00', '2027-06-12T23:59:00')).toBe('2027-06-12')
  })
})

it('a day of the month has its year when it is another one', () => {
  expect(formatDayOfMonth('2027-06-12', TODAY, 'en')).toBe('12 Jun')
  expect(formatDayOfMonth('2028-01-02', TODAY, 'en')).toBe('2 Jan 2028')
  expect(formatDayOfMonth('2028-01-02', TODAY, 'de')).toBe('2. Jan. 2028')
})

describe('spans', () => {
  it('of one evening give both times', () => {
    expect(spanOf(concert, 'en', TODAY)).toEqual({
      kind: 'times',
      from: '18:00',
      to: '20:30',
      overnight: false,
    })
  })
  it('into the small hours count as one night', () => {
    const night = { ...concert, ends_at_local: '2027-06-13T05:00:00' }
    expect(spanOf(night, 'en', TODAY)).toMatchObject({
      kind: 'times',
      to: '05:00',
      overnight: true,
    })
  })
  it('over several days give the days', () => {
    const fair = { ...concert, ends_at_local: '2027-06-14T18:00:00' }
    expect(spanOf(fair, 'en', TODAY)).toMatchObject({
      kind: 'days',
      from: 'Sat 12 Jun',
      to: 'Mon 14 Jun',
    })
  })
  it('of a whole day give no times, in either way of writing its end', () => {
    for (const end of ['2027-06-12T23:59:00', '2027-06-13T00:00:00']) {
      const day = {
        ...concert,
        all_day: true,
        starts_at_local: '2027-06-12T00:00:00',
        ends_at_local: end,
      }
      expect(spanOf(day, 'en', TODAY)).toEqual({ kind: 'all-day' })
    }
  })
})

describe('distances', () => {
  it('count calendar days in the event’s zone', () => {
    expect(startsIn(concert, new Date('2027-06-09T21:00:00Z'), 'en')).toBe('in 3 days')
    expect(startsIn(concert, new Date('2027-06-09T22:30:00Z'), 'en')).toBe('in 2 days')
    expect(startsIn(concert, new Date('2027-06-11T20:00:00Z'), 'en')).toBe('tomorrow')
    expect(startsIn(concert, new Date('2027-06-12T13:00:00Z'), 'de')).toBe('in 3 Stunden')
    expect(startsIn(concert, new Date('2027-06-12T15:50:00Z'), 'en')).toBe('in 10 minutes')
  })
  it('are not given once it has begun', () => {
    expect(startsIn(concert, new Date('2027-06-12T16:00:00Z'), 'en')).toBeNull()
  })
  it('lengths come from the instants, so a night with a clock change is right', () => {
    const night: When = {
      ...concert,
      starts_at: '2027-03-27T22:00:00Z',
      ends_at: '2027-03-28T03:00:00Z',
      starts_at_local: '2027-03-27T23:00:00',
      ends_at_local: '2027-03-28T05:00:00',
    }
    expect(durationOf(night, 'en')).toBe('5 hrs')
    expect(durationOf(concert, 'de')).toBe('2 Std. 30 Min.')
  })
})

describe('another zone', () => {
  it('is named with the reader’s own time', () => {
    expect(zoneNote(concert, 'en', 'America/Toronto')).toMatchObject({ yours: '12:00' })
    expect(zoneNote(concert, 'en', 'Asia/Tokyo')?.yours).toMatch(/Sun.*01:00/)
  })
  it('without seasons has a name too', () => {
    expect(zoneNote({ ...concert, timezone: 'UTC' }, 'en', 'Europe/Berlin')?.zone).toBe(
      'Coordinated Universal Time',
    )
  })
  it('is not mentioned when both clocks agree', () => {
    expect(zoneNote(concert, 'en', 'Europe/Madrid')).toBeNull()
    expect(zoneNote({ ...concert, timezone: 'Nowhere/Atlantis' }, 'en')).toBeNull()
  })
})

it('ordinals', () => {
  expect([1, 2, 3, 4, 11, 22].map((n) => ordinal(n, 'en'))).toEqual([
    '1st',
    '2nd',
    '3rd',
    '4th',
    '11th',
    '22nd',
  ])
  expect(ordinal(3, 'de')).toBe('3.')
})

describe('a moment on the clock of the event’s city', () => {
  const now = new Date('2027-06-11T10:00:00Z')
  const at = (instant: string, zone = 'Europe/Berlin', reader = 'Europe/Berlin') =>
    formatMoment(instant, zone, now, 'en', reader)
  it('is a time alone today, and has a day otherwise', () => {
    expect(at('2027-06-11T16:40:00Z')).toBe('18:40')
    expect(at('2027-06-12T16:40:00Z')).toBe('tomorrow, 18:40')
    expect(at('2027-06-14T16:40:00Z')).toBe('Monday 14 June, 18:40')
    expect(formatMoment('2027-06-12T16:40:00Z', 'Europe/Berlin', now, 'de')).toBe('morgen, 18:40')
  })
  it('names the zone for whoever’s clock differs', () => {
    expect(at('2027-06-11T16:40:00Z', 'Europe/Berlin', 'Europe/London')).toBe('18:40 CEST')
    expect(at('2027-06-11T16:40:00Z', 'Mars/Olympus')).toBe('18:40')
  })
})

it('what is left runs down in ever smaller units', () => {
  const left = (seconds: number) => formatLeft(seconds * 1000, 'en')
  expect(left(3 * 86_400 + 5)).toBe('3 days')
  expect(left(2 * 3600)).toBe('2 hrs')
  expect(left(3600 + 12 * 60 - 1)).toBe('1 hr 12 mins')
  expect(left(90)).toBe('2 mins')
  expect(left(42)).toBe('42 secs')
  expect(left(-5)).toBe('0 secs')
})

it('a length is said in hours and minutes, never in days', () => {
  const long = (minutes: number) => [formatDuration(minutes, 'en'), formatDuration(minutes, 'de')]
  expect(long(30)).toEqual(['30 minutes', '30 Minuten'])
  expect(long(60)).toEqual(['1 hour', '1 Stunde'])
  expect(long(90)).toEqual(['1 hour 30 minutes', '1 Stunde 30 Minuten'])
  expect(long(2880)).toEqual(['48 hours', '48 Stunden'])
})
