import { useI18n } from '../../i18n'
import { Button } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { useMedia } from '../../ui/hooks'
import { Moved } from './Notices'
import { OverlapNote } from './OverlapNote'
import s from './PlaceBlock.module.css'
import { PlaceFrame, type Place } from './PlaceFrame'
import { Overbooked } from './StateNone'
import { waitingWords } from './words'

/** Has asked; the organiser decides. */
export function Pending({ place }: { place: Place }) {
  const { t } = useI18n()
  const { event, doing, fresh } = place
  const party = event.participation?.party_size ?? 1
  return (
    <PlaceFrame
      place={place}
      headline={
        <p className={cx(s.stamp, s.asked)} data-fresh={fresh} role="status">
          {t.place.pending}
        </p>
      }
      text={
        <>
          {t.place.pendingNext} {party > 1 && t.place.forPeople(party)}
          <MyAnswers place={place} />
        </>
      }
      actions={
        <Leave place={place}>{doing.leave.isPending ? t.place.leaving : t.place.withdraw}</Leave>
      }
    >
      <Moved place={place} />
      <OverlapNote overlaps={event.overlaps} />
    </PlaceFrame>
  )
}

/** Stands in the line. */
export function Waiting(props: { place: Place; position: number | null; canClaim: boolean }) {
  const { place, position, canClaim } = props
  const { t, locale } = useI18n()
  const wide = useMedia('(min-width: 60rem)')
  const { event, now, doing, fresh } = place
  const [first, ...rest] = waitingWords(event, canClaim, { t, locale, now })
  const party = event.participation?.party_size ?? 1
  return (
    <PlaceFrame
      place={place}
      headline={
        <p className={cx(s.stamp, s.line)} data-fresh={fresh} role="status">
          {position ? t.place.inLine(position) : t.place.inLineUnknown}
        </p>
      }
      text={
        <>
          <p>
            {party > 1 && `${t.place.forPeople(party)} `}
            {first}
            <MyAnswers place={place} />
          </p>
          {wide && rest.map((words) => <p key={words}>{words}</p>)}
        </>
      }
      actions={
        <>
          {canClaim && (
            <Button
              variant="primary"
              size="large"
              wide
              busy={doing.claim.isPending}
              onClick={() => {
                doing.leave.reset()
                doing.claim.mutate()
              }}
            >
              {doing.claim.isPending ? t.place.line.claiming : t.place.line.claim}
            </Button>
          )}
          <Leave place={place}>{doing.leave.isPending ? t.place.leaving : t.place.leaveLine}</Leave>
        </>
      }
    >
      {!wide && rest.length > 0 && (
        <details className={s.details}>
          <summary>{t.place.line.next}</summary>
          {rest.map((words) => (
            <p key={words}>{words}</p>
          ))}
        </details>
      )}
      <Moved place={place} />
      <OverlapNote overlaps={event.overlaps} />
      <Overbooked place={place} />
    </PlaceFrame>
  )
}

/** The way out, which asks once more. */
export function Leave({ place, children }: { place: Place; children: string }) {
  const { leave, join, claim } = place.doing
  if (!place.event.actions.can_leave && !leave.isPending) return null
  return (
    <Button
      variant="plain"
      className={s.out}
      busy={leave.isPending}
      onClick={() => {
        join.reset()
        claim.reset()
        place.open('leave')
      }}
    >
      {children}
    </Button>
  )
}

/** What was answered can be answered anew. */
export function MyAnswers({ place }: { place: Place }) {
  const { t } = useI18n()
  const { registration, participation } = place.event
  // Whoever owes answers is asked for them in so many words.
  if (registration.questions.length === 0 || participation?.due_for === 'answers') return null
  return (
    <>
      {' '}
      <button type="button" className={s.inline} onClick={() => place.open('answers')}>
        {t.place.myAnswers}
      </button>
    </>
  )
}
