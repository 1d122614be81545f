import type { MyJoin } from '../../api/types'
import type { Messages } from '../../i18n/en'

/** Where somebody stands, in words; of what is over, where they stood. */
export function standingWords(
  join: Pick<MyJoin, 'status' | 'position'>,
  past: boolean,
  { mine }: Messages,
): string {
  switch (join.status) {
    case 'confirmed':
      return past ? mine.wasIn : mine.confirmed
    case 'waitlisted':
      return past ? mine.wasWaiting : mine.waitlisted(join.position ?? null)
    case 'pending':
      return past ? mine.wasAsking : mine.pending
    case 'offered':
      return past ? mine.wasOffered : mine.offered
    default:
      return mine.cancelled
  }
}

/** Which deadline is meant, if it is one that this page has words for. */
export function dueOf(
  join: Pick<MyJoin, 'due_for' | 'due_at'>,
): { what: keyof Messages['mine']['due']; at: string } | null {
  const { due_for, due_at } = join
  if (!due_at) return null
  const what = (['offer', 'answers', 'reconfirmation'] as const).find((it) => it === due_for)
  return what ? { what, at: due_at } : null
}

type Timed = Pick<MyJoin, 'join_id' | 'status' | 'event'>

/** By join, the title of another event that takes place at the same time; the first of them. */
export function sameTime(joins: readonly Timed[]): Map<string, string> {
  const live = joins.flatMap(({ join_id, status, event }) =>
    event && status !== 'cancelled'
      ? [{ join_id, event, from: Date.parse(event.starts_at), to: Date.parse(event.ends_at) }]
      : [],
  )
  const found = new Map<string, string>()
  for (const one of live) {
    const other = live.find(
      (it) => it.event.id !== one.event.id && it.from < one.to && it.to > one.from,
    )
    if (other) found.set(one.join_id, other.event.title)
  }
  return found
}
