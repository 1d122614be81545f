import type { Card } from '../../api/types'
import { dayOf, todayIn } from '../../i18n/dates'

/** `day` is a date, or `RUNNING` for what began before today. */
export type DayGroup = { day: string; cards: Card[] }
export const RUNNING = 'running'

/**
 * Cards in order of time become a river of days, each by the date on the wall of its own city. What began
 * before today runs in a group of its own in front. A card that two pages both carry appears once.
 */
export function groupByDay(cards: Card[], now: Date): DayGroup[] {
  const groups = new Map<string, Card[]>()
  const running: Card[] = []
  const seen = new Set<string>()
  for (const card of cards) {
    if (seen.has(card.id)) continue
    seen.add(card.id)
    const day = dayOf(card.starts_at_local)
    if (day < todayIn(card.timezone, now)) {
      running.push(card)
      continue
    }
    const group = groups.get(day)
    if (group) group.push(card)
    else groups.set(day, [card])
  }
  const days = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, inDay]) => ({ day, cards: inDay }))
  return running.length > 0 ? [{ day: RUNNING, cards: running }, ...days] : days
}

/** "Tonight" only when nothing of the day starts before five in the afternoon. */
export function isTonight(cards: Card[]): boolean {
  return cards.every((card) => !card.all_day && card.starts_at_local.slice(11, 16) >= '17:00')
}
