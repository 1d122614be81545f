import { Link } from '@tanstack/react-router'
import Check from 'lucide-react/icons/check'
import MapPin from 'lucide-react/icons/map-pin'
import Ticket from 'lucide-react/icons/ticket'
import { mapUrl } from '../../api/map'
import type { EventView, Places } from '../../api/types'
import { useI18n } from '../../i18n'
import { dayOf, formatDay, formatTime, todayIn } from '../../i18n/dates'
import type { Messages } from '../../i18n/en'
import { Button, buttonClass } from '../../ui/Button'
import { Meter } from './Count'
import { asksForMove, Due, Moved } from './Notices'
import { OverlapNote } from './OverlapNote'
import s from './PlaceBlock.module.css'
import { PlaceFrame, type Place } from './PlaceFrame'
import { Overbooked } from './StateNone'
import { MyAnswers } from './StateWaiting'

/** Has a place; what is still owed for it, and how to get there. */
export function Confirmed({ place }: { place: Place }) {
  const { t, locale } = useI18n()
  const { event, now, doing, fresh } = place
  const { participation, places } = event
  const over = Date.parse(event.ends_at) <= now.getTime()
  const today = todayIn(event.timezone, now)
  const day = formatDay(dayOf(event.starts_at_local), today, locale)
  const time = event.all_day ? null : formatTime(event.starts_at_local, locale)
  const party = participation?.party_size ?? 1
  const asked = participation?.asked_size
  const ticket: string = `/events/${event.id}/ticket` // a page of another's making

  if (over) {
    return (
      <PlaceFrame
        place={place}
        headline={<p className={s.headline}>{t.mine.wasIn}.</p>}
        text={t.place.reasons.event_ended}
      />
    )
  }
  // A notice asks the question itself, with its own way out.
  const asks = asksForMove(place) || participation?.due_for === 'reconfirmation'
  // One loud thing at a time.
  const urgent = asks || !!participation?.due_for
  return (
    <PlaceFrame
      place={place}
      headline={
        <p className={s.stamp} data-fresh={fresh} role="status">
          <Check aria-hidden="true" strokeWidth={3} />
          {t.place.in}
        </p>
      }
      text={
        <>
          <strong>{t.place.inLong(day, time)} </strong>
          {asked
            ? `${t.place.partial(party, asked)} `
            : party > 1 && `${t.place.forPeople(party)} `}
          {places && summary(places, t)}
          <MyAnswers place={place} />
        </>
      }
      actions={
        <div className={s.row}>
          <Link to={ticket} className={buttonClass({ variant: urgent ? 'quiet' : 'primary' })}>
            <Ticket aria-hidden="true" />
            {t.place.ticket}
          </Link>
          {!asks && (event.actions.can_leave || doing.leave.isPending) && (
            <Button busy={doing.leave.isPending} onClick={() => place.open('leave')}>
              {doing.leave.isPending ? t.place.leaving : t.place.leave}
            </Button>
          )}
        </div>
      }
    >
      <Meter places={places} />
      <Moved place={place} />
      <Due place={place} />
      <Address event={event} />
      <OverlapNote overlaps={event.overlaps} />
      <Overbooked place={place} />
    </PlaceFrame>
  )
}

function summary(places: Places, t: Messages) {
  const parts = [t.place.going(places.confirmed)]
  if (places.waitlisted > 0) parts.push(t.place.waiting(places.waitlisted))
  return `${parts.join(', ')}.`
}

/** What only those with a place are told. */
function Address({ event }: { event: EventView }) {
  const { t } = useI18n()
  const venue = event.participation?.venue
  if (!event.venue_hidden || !venue?.address) return null
  const map = mapUrl({ venue, city: event.city })
  return (
    <p className={s.address}>
      <span>
        <span className="vh">{t.place.address}: </span>
        {[venue.name, venue.address].join(', ')}
      </span>
      {map && (
        <a href={map} target="_blank" rel="noopener noreferrer">
          <MapPin aria-hidden="true" />
          {t.event.map}
          <span className="vh"> ({t.common.newTab})</span>
        </a>
      )}
    </p>
  )
}
