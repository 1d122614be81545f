import type { ReactNode } from 'react'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/Button'
import { useToast } from '../../ui/Toast'
import s from './PlaceBlock.module.css'
import type { Place } from './PlaceFrame'
import { dueWords, hasMoved, movedWords } from './words'

/** The event as those see it who know the exact place. */
const asKnown = ({ event }: Place) => ({
  ...event,
  venue: event.participation?.venue ?? event.venue,
})

/** Whether time or place differ from what this reader agreed to. */
export const asksForMove = (place: Place) =>
  hasMoved(place.event.participation?.moved_from, asKnown(place))

/** "Someone changed the time: 18:00 → 19:00. Keep your place?" */
export function Moved({ place }: { place: Place }) {
  const { t, locale } = useI18n()
  const { event, now } = place
  const from = event.participation?.moved_from
  if (!from) return null
  const words = movedWords(from, asKnown(place), { t, locale, now })
  if (words.length === 0) return null
  const confirmed = event.participation?.status === 'confirmed'
  const due = event.participation && dueWords(event.participation, event, { t, locale, now })
  return (
    <Notice>
      {words.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p>
        <strong>{confirmed ? t.place.moved.ask : t.place.moved.askLine}</strong>{' '}
        {event.participation?.due_for === 'reconfirmation' && due?.ask}
      </p>
      <KeepOrLeave place={place} />
    </Notice>
  )
}

/** What is owed by when: an answer to the question whether one comes, or to the organiser's questions. */
export function Due({ place }: { place: Place }) {
  const { t, locale } = useI18n()
  const { event, now } = place
  const { participation } = event
  const due = participation && dueWords(participation, event, { t, locale, now })
  if (!due) return null
  if (participation.due_for === 'answers') {
    return (
      <Notice>
        <p>
          <strong>{due.ask}</strong> {due.lost}
        </p>
        <div className={s.row}>
          <Button variant="primary" onClick={() => place.open('answers')}>
            {t.place.due.answer}
          </Button>
        </div>
      </Notice>
    )
  }
  // One answer will do for both.
  if (asksForMove(place)) return null
  return (
    <Notice>
      <p>
        <strong>{due.ask}</strong> {due.lost}
      </p>
      <KeepOrLeave place={place} />
    </Notice>
  )
}

function Notice({ children }: { children: ReactNode }) {
  return (
    <div className={s.notice} role="status">
      {children}
    </div>
  )
}

function KeepOrLeave({ place }: { place: Place }) {
  const { t } = useI18n()
  const say = useToast()
  const { keep, leave } = place.doing
  return (
    <div className={s.row}>
      <Button
        variant="primary"
        busy={keep.isPending}
        onClick={() => keep.mutate(undefined, { onSuccess: () => say(t.place.due.kept) })}
      >
        {keep.isPending ? t.place.due.keeping : t.place.due.keep}
      </Button>
      <Button busy={leave.isPending} onClick={() => place.open('leave')}>
        {t.place.due.giveUp}
      </Button>
    </div>
  )
}
