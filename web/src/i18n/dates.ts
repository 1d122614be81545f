// An event happens at a wall time in its own city; that is what is shown, whatever the reader's zone.
// Local times are formatted as if they were UTC, so no zone rule can shift them.

export type Locale = 'en' | 'de'
const TAG: Record<Locale, string> = { en: 'en-GB', de: 'de-DE' }
const DAY_MS = 86_400_000

const cache = new Map<string, Intl.DateTimeFormat>()
function formatter(locale: Locale, options: Intl.DateTimeFormatOptions) {
  const key = locale + JSON.stringify(options)
  let made = cache.get(key)
  if (!made) {
    made = new Intl.DateTimeFormat(TAG[locale], options)
    cache.set(key, made)
  }
  return made
}

const LOCAL = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?/

/** Wall time as a Date whose UTC fields are the wall fields. */
function wall(local: string): Date {
  const m = LOCAL.exec(local)
  if (!m) return new Date(NaN)
  return new Date(Date.UTC(+m[1]!, +m[2]! - 1, +m[3]!, +(m[4] ?? 0), +(m[5] ?? 0)))
}

/** `YYYY-MM-DD` of a wall time. */
export const dayOf = (local: string) => local.slice(0, 10)

/** The date it is now in a zone, as `YYYY-MM-DD`. */
export function todayIn(timezone: string | undefined, now: Date): string {
  const options: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit' }
  try {
    return new Intl.DateTimeFormat('en-CA', { ...options, timeZone: timezone }).format(now)
  } catch {
    return new Intl.DateTimeFormat('en-CA', options).format(now) // a zone this browser lacks
  }
}

export function addDays(day: string, days: number): string {
  return new Date(wall(day).getTime() + days * DAY_MS).toISOString().slice(0, 10)
}

export function daysBetween(from: string, to: string): number {
  return Math.round((wall(to).getTime() - wall(from).getTime()) / DAY_MS)
}

/** 0 is Monday. */
export const weekday = (day: string) => (wall(day).getUTCDay() + 6) % 7

export function formatTime(local: string, locale: Locale): string {
  return formatter(locale, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' }).format(
    wall(local),
  )
}

export type DayParts = { weekday: string; day: string; month: string; year: string }

export function dayParts(day: string, locale: Locale, style: 'long' | 'short' = 'long'): DayParts {
  const parts = formatter(locale, {
    weekday: style,
    day: 'numeric',
    month: style,
    year: 'numeric',
    timeZone: 'UTC',
  }).formatToParts(wall(day))
  const get = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return { weekday: get('weekday'), day: get('day'), month: get('month'), year: get('year') }
}

/** "Saturday 12 June", with the year when it is not this one. */
export function formatDay(
  day: string,
  today: string,
  locale: Locale,
  style: 'long' | 'short' = 'long',
): string {
  const otherYear = day.slice(0, 4) !== today.slice(0, 4)
  return formatter(locale, {
    weekday: style,
    day: 'numeric',
    month: style,
    year: otherYear ? 'numeric' : undefined,
    timeZone: 'UTC',
  }).format(wall(day))
}

/** "12 June", with the year when it is not this one: where a weekday would only be noise. */
export function formatDayOfMonth(day: string, today: string, locale: Locale): string {
  const otherYear = day.slice(0, 4) !== today.slice(0, 4)
  return formatter(locale, {
    day: 'numeric',
    month: 'short',
    year: otherYear ? 'numeric' : undefined,
    timeZone: 'UTC',
  }).format(wall(day))
}

/** Last day of an event: an end at midnight belongs to the day before. */
export function lastDay(startsLocal: string, endsLocal: string): string {
  const end = dayOf(endsLocal)
  const atMidnight = endsLocal.slice(11, 16) === '00:00'
  return atMidnight && end > dayOf(startsLocal) ? addDays(end, -1) : end
}

export type When = {
  starts_at: string
  ends_at: string
  starts_at_local: string
  ends_at_local: string
  timezone: string
  all_day: boolean
}

export type Span =
  | { kind: 'all-day' }
  | { kind: 'times'; from: string; to: string; overnight: boolean }
  | { kind: 'days'; from: string; to: string; fromTime: string | null; toTime: string | null }

/** How an event's span is best said. Up to noon of the next day counts as one night. */
export function spanOf(when: When, locale: Locale, today: string): Span {
  const first = dayOf(when.starts_at_local)
  const last = lastDay(when.starts_at_local, when.ends_at_local)
  if (when.all_day && first === last) return { kind: 'all-day' }
  const from = formatTime(when.starts_at_local, locale)
  const to = formatTime(when.ends_at_local, locale)
  const nextMorning =
    daysBetween(first, last) === 1 && when.ends_at_local.slice(11, 16) <= '12:00' && !when.all_day
  if (first === last || nextMorning) return { kind: 'times', from, to, overnight: nextMorning }
  return {
    kind: 'days',
    from: formatDay(first, today, locale, 'short'),
    to: formatDay(last, today, locale, 'short'),
    fromTime: when.all_day ? null : from,
    toTime: when.all_day ? null : to,
  }
}

/** "2 h 30 min"; null for all-day events and spans over a day, where a length says nothing. */
export function durationOf(when: When, locale: Locale): string | null {
  const minutes = Math.round((Date.parse(when.ends_at) - Date.parse(when.starts_at)) / 60_000)
  if (when.all_day || !(minutes > 0) || minutes > 24 * 60) return null
  const unit = (value: number, name: 'hour' | 'minute') =>
    new Intl.NumberFormat(TAG[locale], { style: 'unit', unit: name, unitDisplay: 'short' }).format(
      value,
    )
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  return [hours ? unit(hours, 'hour') : '', rest ? unit(rest, 'minute') : ''].join(' ').trim()
}

/** "24 hours", "1 hour 30 minutes": hours are not summed up to days, which would hide how long a span is. */
export function formatDuration(minutes: number, locale: Locale): string {
  const unit = (value: number, name: 'hour' | 'minute') =>
    new Intl.NumberFormat(TAG[locale], { style: 'unit', unit: name, unitDisplay: 'long' }).format(
      value,
    )
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  if (hours === 0) return unit(rest, 'minute')
  return rest === 0 ? unit(hours, 'hour') : `${unit(hours, 'hour')} ${unit(rest, 'minute')}`
}

/** "in 3 days", "tomorrow", "in 2 hours"; null once it has begun. */
export function startsIn(when: When, now: Date, locale: Locale): string | null {
  const ms = Date.parse(when.starts_at) - now.getTime()
  if (!(ms > 0)) return null
  const relative = new Intl.RelativeTimeFormat(TAG[locale], { numeric: 'auto' })
  const days = daysBetween(todayIn(when.timezone, now), dayOf(when.starts_at_local))
  if (ms < 3_600_000) return relative.format(Math.max(1, Math.round(ms / 60_000)), 'minute')
  if (days === 0) return relative.format(Math.round(ms / 3_600_000), 'hour')
  if (days < 14) return relative.format(days, 'day')
  if (days < 60) return relative.format(Math.round(days / 7), 'week')
  return relative.format(Math.round(days / 30.4), 'month')
}

/**
 * When the reader's clock differs from the city's at that moment: the city's zone in words, and the
 * same instant on the reader's clock. Null when both clocks agree.
 */
export function zoneNote(
  when: When,
  locale: Locale,
  readerZone = Intl.DateTimeFormat().resolvedOptions().timeZone,
): { zone: string; yours: string } | null {
  const instant = new Date(when.starts_at)
  try {
    const there = formatter(locale, { hour: '2-digit', minute: '2-digit', timeZone: when.timezone })
    const here = formatter(locale, { hour: '2-digit', minute: '2-digit', timeZone: readerZone })
    const sameDay = todayIn(when.timezone, instant) === todayIn(readerZone, instant)
    if (there.format(instant) === here.format(instant) && sameDay) return null
    const yours = sameDay
      ? here.format(instant)
      : formatter(locale, {
          weekday: 'short',
          hour: '2-digit',
          minute: '2-digit',
          timeZone: readerZone,
        }).format(instant)
    const named = (timeZoneName: 'longGeneric' | 'long') =>
      formatter(locale, { timeZoneName, timeZone: when.timezone })
        .formatToParts(instant)
        .find((part) => part.type === 'timeZoneName')?.value ?? when.timezone
    const generic = named('longGeneric')
    // A zone without seasons has no generic name, only a bare "GMT+00:00".
    const zone = generic.startsWith('GMT') ? named('long') : generic
    return { zone, yours }
  } catch {
    return null // a zone this browser does not know
  }
}

/** An instant on the reader's own clock, for "joined at", "last seen" and the like. */
export function formatInstant(instant: string, locale: Locale): string {
  return formatter(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant))
}

/**
 * An instant on the clock of the event's city: "18:40", "tomorrow, 18:40", "Friday 12 June, 18:40". Where the reader's own clock
 * shows another time, the zone is named.
 */
export function formatMoment(
  instant: string,
  timezone: string,
  now: Date,
  locale: Locale,
  readerZone = Intl.DateTimeFormat().resolvedOptions().timeZone,
): string {
  const at = new Date(instant)
  const clock = (timeZone: string, timeZoneName?: 'short') =>
    formatter(locale, { hour: '2-digit', minute: '2-digit', timeZone, timeZoneName }).format(at)
  let zone = timezone
  try {
    clock(zone)
  } catch {
    zone = readerZone // a zone this browser does not know
  }
  const day = todayIn(zone, at)
  const elsewhere = clock(zone) !== clock(readerZone) || day !== todayIn(readerZone, at)
  const time = clock(zone, elsewhere ? 'short' : undefined)
  const today = todayIn(zone, now)
  const days = daysBetween(today, day)
  if (days === 0) return time
  if (days !== 1) return `${formatDay(day, today, locale)}, ${time}`
  const tomorrow = new Intl.RelativeTimeFormat(TAG[locale], { numeric: 'auto' }).format(1, 'day')
  return `${tomorrow}, ${time}`
}

/** What is left until an instant, in words that fit a clock that runs down: "1 hr 12 min", "4 min", "50 sec". */
export function formatLeft(ms: number, locale: Locale): string {
  const unit = (value: number, name: 'day' | 'hour' | 'minute' | 'second') =>
    new Intl.NumberFormat(TAG[locale], { style: 'unit', unit: name, unitDisplay: 'short' }).format(
      value,
    )
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds < 60) return unit(seconds, 'second')
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return unit(minutes, 'minute')
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  if (hours >= 48) return unit(Math.floor(hours / 24), 'day')
  return rest === 0 ? unit(hours, 'hour') : `${unit(hours, 'hour')} ${unit(rest, 'minute')}`
}

/** A date alone, on the reader's own calendar: "26 August 2026". */
export function formatDate(instant: string, locale: Locale): string {
  return formatter(locale, { dateStyle: 'long' }).format(new Date(instant))
}

export function formatAgo(instant: string, now: Date, locale: Locale): string {
  const seconds = Math.round((Date.parse(instant) - now.getTime()) / 1000)
  const relative = new Intl.RelativeTimeFormat(TAG[locale], { numeric: 'auto' })
  const abs = Math.abs(seconds)
  if (abs < 90) return relative.format(0, 'minute')
  if (abs < 3600 * 1.5) return relative.format(Math.round(seconds / 60), 'minute')
  if (abs < 86_400 * 1.5) return relative.format(Math.round(seconds / 3600), 'hour')
  return relative.format(Math.round(seconds / 86_400), 'day')
}

/** The time of an instant on the clock of a city: "18:02". */
export function formatClock(instant: string | number, timezone: string, locale: Locale): string {
  const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' }
  try {
    return formatter(locale, { ...options, timeZone: timezone }).format(new Date(instant))
  } catch {
    return formatter(locale, options).format(new Date(instant)) // a zone this browser lacks
  }
}

export function formatNumber(value: number, locale: Locale): string {
  return new Intl.NumberFormat(TAG[locale]).format(value)
}

export function ordinal(value: number, locale: Locale): string {
  if (locale === 'de') return `${value}.`
  const suffix = { one: 'st', two: 'nd', few: 'rd', other: 'th' } as Record<string, string>
  return value + (suffix[new Intl.PluralRules('en', { type: 'ordinal' }).select(value)] ?? 'th')
}
