import type { EventView, Line, Participation, TimeAndPlace } from '../../api/types'
import { dayOf, formatDay, formatMoment, formatTime, todayIn, type Locale } from '../../i18n/dates'
import type { Messages } from '../../i18n/en'

type Speech = { t: Messages; locale: Locale; now: Date }
type Zoned = Pick<EventView, 'timezone' | 'starts_at'>

const at = (instant: string, event: Zoned, { now, locale }: Speech) =>
  formatMoment(instant, event.timezone, now, locale)

const forecastOf = (line: Line | null, { t }: Speech) =>
  line?.forecast
    ? [t.place.line.forecast(line.forecast.usually_reaches, line.forecast.of_events)]
    : []

/** What happens next to somebody in line: a sentence each, what matters most first. */
export function waitingWords(
  event: Zoned & Pick<EventView, 'line'>,
  canClaim: boolean,
  speech: Speech,
): string[] {
  const { line } = event
  const words = speech.t.place.line
  if (canClaim) return [words.claimable]
  switch (line?.phase) {
    case 'automatic':
      return [
        ...forecastOf(line, speech),
        speech.t.place.inLineNext,
        ...laterWords(line, event, speech),
      ]
    case 'offers': {
      const next = line.next_decision_at
      const moves = next && before(next, line.open_claim_at)
      return [
        ...forecastOf(line, speech),
        words.offers,
        ...(moves ? [words.moves(at(next, event, speech))] : []),
        words.thenClaim(at(line.open_claim_at, event, speech)),
      ]
    }
    case 'open_claim':
      return [words.openClaim]
    case 'closed':
      return [words.closed]
    default:
      return [speech.t.place.inLineNext]
  }
}

const before = (one: string, other: string) => Date.parse(one) < Date.parse(other)

/** How it goes on once places are not given by themselves any more; nothing where they always are. */
function laterWords(line: Line, event: Zoned, speech: Speech): string[] {
  const words = speech.t.place.line
  if (!before(line.cutoff_at, event.starts_at)) return []
  const say = before(line.cutoff_at, line.open_claim_at) ? words.thenOffers : words.thenClaim
  return [say(at(line.cutoff_at, event, speech))]
}

/** What whoever gets in line now has to expect. */
export function fullWords(line: Line | null, speech: Speech): string {
  const { place } = speech.t
  const next =
    line?.phase === 'offers'
      ? place.line.fullOffers
      : line?.phase === 'open_claim'
        ? place.line.fullOpenClaim
        : place.fullNext
  return [next, ...forecastOf(line, speech)].join(' ')
}

/** What is owed, and by when; `null` where nothing is. */
export function dueWords(
  participation: Pick<Participation, 'due_for' | 'due_at'>,
  event: Zoned,
  speech: Speech,
): { ask: string; lost: string } | null {
  const { due_for, due_at } = participation
  if (!due_at || (due_for !== 'answers' && due_for !== 'reconfirmation')) return null
  const words = speech.t.place.due
  return {
    ask: words[due_for](at(due_at, event, speech)),
    lost: due_for === 'answers' ? words.answersLost : words.reconfirmationLost,
  }
}

type Agreed = Pick<
  EventView,
  'starts_at_local' | 'ends_at_local' | 'timezone' | 'venue' | 'all_day'
>
type Pair = [from: string, to: string]

/** What of time and place differs from what somebody agreed to, as far as they would notice. */
function differences(from: TimeAndPlace, event: Agreed) {
  const pair = (before: string, after: string): Pair | null =>
    before === after ? null : [before, after]
  const zone = pair(from.timezone, event.timezone)
  const start: Pair = [from.starts_at_local, event.starts_at_local]
  return {
    zone,
    start: zone ? start : pair(...start),
    end: pair(from.ends_at_local, event.ends_at_local),
    place: placeChange(from.venue, event.venue),
  }
}

export function hasMoved(from: TimeAndPlace | null | undefined, event: Agreed): boolean {
  if (!from) return false
  const { start, end, place } = differences(from, event)
  return !!(start ?? end ?? place)
}

/** What has become of time and place since somebody last said that they come: a sentence each. */
export function movedWords(
  from: TimeAndPlace,
  event: Agreed,
  { t, locale, now }: Speech,
): string[] {
  const { zone, start, end, place } = differences(from, event)
  const words: string[] = []
  if (start) words.push(t.place.moved.time(...said(start)))
  else if (end) words.push(t.place.moved.end(...said(end)))
  if (place) words.push(t.place.moved.place(...place))
  return words

  /** Times alone where the day is the same, days alone where times do not matter. */
  function said([before, after]: Pair): Pair {
    const sameDay = dayOf(before) === dayOf(after)
    const today = todayIn(event.timezone, now)
    const say = (local: string, timezone: string) => {
      const day = sameDay && !event.all_day ? '' : formatDay(dayOf(local), today, locale, 'short')
      const time = event.all_day ? '' : formatTime(local, locale)
      return [day, time, zone && `(${timezone})`].filter(Boolean).join(' ')
    }
    return [say(before, from.timezone), say(after, event.timezone)]
  }
}

type Venue = TimeAndPlace['venue']

/** Old and new; `null` where nobody would notice, or where the new one is not to be known. */
function placeChange(from: Venue, to: Venue): Pair | null {
  if (from.name !== to.name) return [from.name, to.name]
  if (from.address && to.address && from.address !== to.address) return [from.address, to.address]
  return null
}
