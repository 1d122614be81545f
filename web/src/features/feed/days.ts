import type { Card } from '../../api/types'
import { dayOf, todayIn } from '../../i18n/dates'

export type DayGroup = { day: string; cards: Card[] }

/**
 * Cards in order of time become a river of days, each by the date on the wall of its own city. What began
 * yesterday and goes on into the night belongs to today. A card that two pages both carry appears once.
 */
export function groupByDay(cards: Card[], now: Date): DayGroup[] {
  const groups = new Map<string, Card[]>()
  const seen = new Set<string>()
  for (const card of cards) {
    if (seen.has(card.id)) continue
    seen.add(card.id)
    const began = dayOf(card.starts_at_local)
    const today = todayIn(card.timezone, now)
    const day = began < today ? today : began
    const group = groups.get(day)
    if (group) group.push(card)
    else groups.set(day, [card])
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, inDay]) => ({ day, cards: inDay }))
}

/** "Tonight" only when nothing of the day starts before five in the afternoon. */
export function isTonight(cards: Card[]): boolean {
  return cards.every((card) => !card.all_day && card.starts_at_local.slice(11, 16) >= '17:00')
}
