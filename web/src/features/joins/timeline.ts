import type { TimelineEntry } from '../../api/types'
import type { Messages } from '../../i18n/en'

export type Happening = { at: string; words: string }

const numberOf = (value: unknown) => (typeof value === 'number' ? value : 0)
const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

/** Everything that happened to somebody's place, in sentences. What a decision says already is not said again by what came of it. */
export function happenings(
  items: TimelineEntry[],
  t: Messages,
  moment: (instant: string) => string,
): Happening[] {
  const decided = new Set(items.filter(isDecision).map(({ at }) => Date.parse(at)))
  return items.flatMap((item) => {
    const repeats =
      decided.has(Date.parse(item.at)) &&
      ((item.what === 'ended' && item.details.reason !== 'left') ||
        (item.what === 'placed' && item.details.way === 'picked'))
    const words = repeats ? '' : wordsOf(item, t, moment)
    return words ? [{ at: item.at, words }] : []
  })
}

/** A deed of the organiser's or of the clock's that ends a place, or gives one. */
const isDecision = ({ what }: TimelineEntry) =>
  ['rejected', 'removed', 'banned', 'lapsed', 'picked'].includes(what)

function wordsOf(
  { what, actor_name, details }: TimelineEntry,
  { timeline: w }: Messages,
  moment: (instant: string) => string,
): string {
  switch (what) {
    case 'arrived':
      return w.arrived(numberOf(details.arrival), numberOf(details.party_size))
    case 'offered':
      return w.offered(moment(textOf(details.until)))
    case 'placed':
      return w.placed[textOf(details.way)] ?? w.placed.direct!
    case 'kept':
      return w.kept
    case 'passed':
      return w.passed(numberOf(details.by_arrival))
    case 'lapsed':
      return w.lapsed[textOf(details.of)] ?? w.lapsed.offer!
    case 'reconfirmation_asked':
      return w.asked
    case 'ended':
      return w.ended[textOf(details.reason)] ?? w.ended.removed!
    default: {
      const said = w.by[what]?.(actor_name || w.someone)
      if (!said) return '' // a kind of deed that this page does not know
      const over = numberOf(details.exceeded)
      return over > 0 ? `${said} ${w.exceeded(over)}` : said
    }
  }
}
