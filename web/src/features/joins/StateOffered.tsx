import { useI18n } from '../../i18n'
import { formatLeft, formatMoment } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { useNow } from '../../ui/hooks'
import { Moved } from './Notices'
import { OverlapNote } from './OverlapNote'
import s from './PlaceBlock.module.css'
import { PlaceFrame, type Place } from './PlaceFrame'

/** A place is kept for a while: the one thing on the page that is in a hurry. */
export function Offered({ place, until }: { place: Place; until: string }) {
  const { t, locale } = useI18n()
  const now = useNow(1000)
  const { event, doing, fresh } = place
  const { claim, leave } = doing
  const left = Math.max(0, Date.parse(until) - now.getTime())
  const whole = event.registration.offer_minutes * 60_000
  const { party_size, asked_size } = event.participation ?? {}
  const party = party_size ?? 1
  return (
    <PlaceFrame
      place={{ ...place, live: null }}
      headline={
        <div className={s.offer} data-fresh={fresh} role="status">
          <p className={s.offerTitle}>{t.place.offer.title(party)}</p>
          <p className={s.offerUntil}>
            {t.place.offer.until(formatMoment(until, event.timezone, now, locale))}
          </p>
        </div>
      }
      text={
        <>
          <strong role="timer">{t.place.offer.left(formatLeft(left, locale))}.</strong>{' '}
          {asked_size ? `${t.place.partial(party, asked_size)} ` : ''}
          {t.place.offer.next}
        </>
      }
      actions={
        <div className={s.row}>
          <Button
            variant="primary"
            busy={claim.isPending}
            onClick={() => {
              leave.reset()
              claim.mutate()
            }}
          >
            {claim.isPending ? t.place.offer.accepting : t.place.offer.accept}
          </Button>
          <Button
            busy={leave.isPending}
            onClick={() => {
              claim.reset()
              place.open('leave')
            }}
          >
            {leave.isPending ? t.place.offer.declining : t.place.offer.decline}
          </Button>
        </div>
      }
    >
      <div className={s.meter} data-runs="down" aria-hidden="true">
        <span style={{ transform: `scaleX(${Math.min(1, left / whole)})` }} />
      </div>
      <Moved place={place} />
      <OverlapNote overlaps={event.overlaps} />
    </PlaceFrame>
  )
}
