import { Link } from '@tanstack/react-router'
import { useI18n } from '../../i18n'
import { formatMoment } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { Count, Meter } from './Count'
import { OverlapNote } from './OverlapNote'
import { overbookedBy } from './place'
import s from './PlaceBlock.module.css'
import { PlaceFrame, type Place } from './PlaceFrame'
import { canQuickJoin, hasToAsk, partyLimit } from './rules'
import { fullWords } from './words'

/** Not in, and may come. */
export function None({ place, full, label }: { place: Place; full: boolean; label: string }) {
  const { t, locale } = useI18n()
  const { event, me, now, doing, invitation } = place
  const { places } = event
  const { access } = event.registration

  function text() {
    if (!places) return t.place.unknownHint
    if (places.capacity === 0) return null
    if (invitation) return me ? t.place.invited : `${t.place.invited} ${t.place.invitedSignIn}`
    if (access === 'approval') return t.place.askHint
    if (access === 'invitation') return t.place.invitationOnly
    if (full) return fullWords(event.line, { t, locale, now })
    return me ? null : t.quick.hint
  }

  return (
    <PlaceFrame
      place={place}
      compact
      headline={<Count places={places} full={full} />}
      text={text()}
      actions={places?.capacity === 0 ? null : actions()}
    >
      <Meter places={places} />
      <Overbooked place={place} />
      <OverlapNote overlaps={event.overlaps} />
    </PlaceFrame>
  )

  function actions() {
    if (!me && !canQuickJoin(event, invitation)) {
      return (
        <Link
          to="/sign-in"
          search={{ next: `/events/${event.id}/${event.slug}` }}
          className={buttonClass({ variant: 'primary', size: 'large', wide: true })}
        >
          {label}
        </Link>
      )
    }
    const busy = doing.join.isPending
    const joining = access === 'approval' && !invitation ? t.place.asking : t.place.joining
    return (
      <>
        <Button variant="primary" size="large" wide busy={busy} onClick={() => place.open('join')}>
          {busy ? joining : label}
        </Button>
        {me && partyLimit(event) > 1 && !hasToAsk(event, invitation) && (
          <Button variant="plain" className={s.aside} onClick={() => place.open('guests')}>
            {t.place.guests}
          </Button>
        )}
      </>
    )
  }
}

/** The organiser's own eyes see when more people have a place than there are places. */
export function Overbooked({ place }: { place: Place }) {
  const { t } = useI18n()
  const { actions, places } = place.event
  const over = overbookedBy(places)
  if (!actions.can_edit || over === 0) return null
  return <p className={s.warning}>{t.place.overbooked(over)}</p>
}

/** Nobody can come, or this reader can't. */
export function Closed({ place, reason }: { place: Place; reason: string }) {
  const { t, locale } = useI18n()
  const { event, now } = place
  const { places } = event
  const { opens_at } = event.registration
  const started = Date.parse(event.starts_at) <= now.getTime()

  if (reason === 'email_not_verified') {
    return (
      <PlaceFrame
        place={place}
        compact
        headline={<Count places={places} full={false} />}
        text={t.place.reasons.email_not_verified}
      />
    )
  }
  // Whoever asks for none of no places is refused for some reason; what matters is that there are none.
  const none = !started && places?.capacity === 0
  const words = none ? t.place.noPlaces : (t.place.reasons[reason] ?? t.place.notOpen)
  const opens = reason === 'registration_not_open' && opens_at
  return (
    <PlaceFrame
      // Without a number nothing is followed that could be seen.
      place={{ ...place, live: null }}
      compact
      headline={<p className={s.headline}>{words}</p>}
      text={opens && t.place.opensAt(formatMoment(opens_at, event.timezone, now, locale))}
    >
      <Overbooked place={place} />
    </PlaceFrame>
  )
}
