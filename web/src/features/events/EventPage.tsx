import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import CalendarPlus from 'lucide-react/icons/calendar-plus'
import ExternalLink from 'lucide-react/icons/external-link'
import MapPin from 'lucide-react/icons/map-pin'
import Share from 'lucide-react/icons/share-2'
import type { ReactNode } from 'react'
import { calendarUrl, eventQuery } from '../../api/event'
import { mapUrl } from '../../api/map'
import { hasCode } from '../../api/problem'
import type { EventView } from '../../api/types'
import { langOf, languageName, useI18n } from '../../i18n'
import { dayOf, durationOf, lastDay, spanOf, startsIn, todayIn, zoneNote } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { DateBlock } from '../../ui/DateBlock'
import { useNow, useTitle } from '../../ui/hooks'
import { Poster } from '../../ui/Poster'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { useToast } from '../../ui/Toast'
import s from './EventPage.module.css'
import { lineWords, momentOf, windowOf } from './registration'

const LONG_TITLE = 60

/** An event's page. The place block belongs to the joins slice and comes in from the route. */
export function EventPage({ id, place }: { id: string; place: ReactNode }) {
  const { t } = useI18n()
  const { data: event, error, isPending, refetch } = useQuery(eventQuery(id))
  useTitle(event?.title)

  if (event) return <Loaded event={event} place={place} />
  if (isPending) {
    return (
      <div className={s.page} role="status" aria-label={t.common.loading}>
        <div className={s.aside}>
          <Skeleton style={{ aspectRatio: '4 / 5' }} />
        </div>
        <div className={s.main}>
          <Skeleton style={{ height: '5rem', width: '80%' }} />
          <Skeleton style={{ height: '9rem' }} />
          <Skeleton style={{ height: '16rem' }} />
        </div>
      </div>
    )
  }
  return (
    <div className={s.page}>
      {hasCode(error, 'not_found', 'validation_failed', 'bad_request') ? (
        <Empty title={t.event.gone} hint={t.event.goneHint}>
          <Link to="/" className={buttonClass({ variant: 'primary' })}>
            {t.notFound.home}
          </Link>
        </Empty>
      ) : (
        <Failure title={t.event.failed} error={error} onRetry={() => void refetch()} />
      )}
    </div>
  )
}

function Loaded({ event, place }: { event: EventView; place: ReactNode }) {
  const { t } = useI18n()
  return (
    <article className={s.page}>
      <div className={s.main}>
        <header>
          <p className={s.kicker}>
            <Link to="/" search={{ category: event.category }}>
              {t.categories[event.category]}
            </Link>
            <Link to="/" search={{ city: event.city }}>
              {event.city}
            </Link>
            {event.is_free && <span className={s.free}>{t.card.free}</span>}
          </p>
          <h1
            className={s.title}
            lang={langOf(event.language)}
            data-long={event.title.length > LONG_TITLE || undefined}
          >
            {event.title}
          </h1>
        </header>
        <Status event={event} />
        <Facts event={event} />
        <Details event={event} />
        <Registration event={event} />
        {event.description_html && (
          <section className={s.about} aria-label={t.event.about}>
            <div
              className={s.prose}
              lang={langOf(event.language)}
              // Sanitised by the events slice, which is the only writer of this field.
              dangerouslySetInnerHTML={{ __html: event.description_html }}
            />
          </section>
        )}
        {event.source && (
          <aside className={s.source} aria-label={t.event.source}>
            <p>
              {t.event.source}:{' '}
              {event.source.url ? (
                <a href={event.source.url} rel="noopener noreferrer" target="_blank">
                  {event.source.name}
                </a>
              ) : (
                event.source.name
              )}
              {' · '}
              {t.event.licence(event.source.licence)}
            </p>
            {event.source.attribution && event.source.attribution !== event.source.name && (
              <p>{event.source.attribution}</p>
            )}
          </aside>
        )}
      </div>
      <div className={s.aside}>
        <div className={s.posterFrame}>
          <Poster
            src={event.cover.svg}
            alt={t.event.posterAlt(event.title)}
            eager
            className={s.poster}
          />
        </div>
        <div className={s.place}>{place}</div>
      </div>
    </article>
  )
}

function Status({ event }: { event: EventView }) {
  const { t } = useI18n()
  return (
    <>
      {event.status === 'cancelled' && (
        <div className={s.banner} data-kind="cancelled" role="status">
          <strong>{t.event.cancelled}</strong>
          <span>{t.event.cancelledNote}</span>
          {event.cancel_reason && <span>{t.event.cancelReason(event.cancel_reason)}</span>}
        </div>
      )}
      {event.status === 'draft' && (
        <div className={s.banner} role="status">
          <span>{t.event.draft}</span>
        </div>
      )}
      {(event.actions.can_edit || event.actions.can_check_in) && <Manage event={event} />}
    </>
  )
}

/** For those who organise the event; whoever only stands at the door finds the way there. */
function Manage({ event }: { event: EventView }) {
  const { t } = useI18n()
  const params = { id: event.id }
  const look = buttonClass({ size: 'small' })
  return (
    <nav className={s.manage} aria-label={t.event.manage}>
      {event.actions.can_edit && (
        <>
          <Link to="/events/$id/edit" params={params} className={look}>
            {t.event.edit}
          </Link>
          <Link to="/events/$id/participants" params={params} className={look}>
            {t.event.participants}
          </Link>
        </>
      )}
      <Link to="/events/$id/door" params={params} className={look}>
        {t.door.title}
      </Link>
    </nav>
  )
}

function Facts({ event }: { event: EventView }) {
  const { t, locale } = useI18n()
  const say = useToast()
  const now = useNow(30_000)
  const today = todayIn(event.timezone, now)
  const span = spanOf(event, locale, today)
  const zone = event.all_day ? null : zoneNote(event, locale)
  const soon = startsIn(event, now, locale)
  const over = Date.parse(event.ends_at) <= now.getTime()
  const duration = durationOf(event, locale)
  // Whoever has a place is told what others are not.
  const told = event.participation?.venue
  const venue = told ?? event.venue
  const hidden = event.venue_hidden && !told
  const map = hidden ? null : mapUrl({ venue, city: event.city })
  const first = dayOf(event.starts_at_local)
  const last = lastDay(event.starts_at_local, event.ends_at_local)

  async function share() {
    const url = `${location.origin}/events/${event.id}/${event.slug}`
    try {
      if (navigator.share) await navigator.share({ title: event.title, url })
      else {
        await navigator.clipboard.writeText(url)
        say(t.event.copied)
      }
    } catch {
      // the reader closed the sheet
    }
  }

  return (
    <dl className={s.facts}>
      <div className={s.fact}>
        <dt>{t.event.when}</dt>
        <dd>
          <DateBlock day={first} className={s.date} />
          <span className={s.big}>
            {span.kind === 'all-day' && t.event.allDay}
            {span.kind === 'times' && `${span.from} – ${span.to}`}
            {span.kind === 'days' && (
              <>
                <span className={s.whole}>{span.from}</span>
                {first !== last && (
                  <>
                    {' – '}
                    <span className={s.whole}>{span.to}</span>
                  </>
                )}
              </>
            )}
          </span>
          {span.kind === 'times' && span.overnight && (
            <span className={s.dim}>{t.event.nextDay}</span>
          )}
          {span.kind === 'days' && span.fromTime && (
            <span className={s.dim}>
              {span.fromTime} – {span.toTime}
            </span>
          )}
          <span className={s.dim}>
            {over ? (
              t.event.ended
            ) : event.status === 'cancelled' ? (
              t.event.cancelled
            ) : (
              <span className={s.soon}>{soon ?? t.event.now}</span>
            )}
            {duration && ` · ${duration}`}
          </span>
          {zone && <span className={s.dim}>{t.event.zone(zone.zone, zone.yours)}</span>}
          <span className={s.links}>
            {!over && event.status === 'published' && (
              <a className={s.link} href={calendarUrl(event.id)} download>
                <CalendarPlus aria-hidden="true" />
                {t.event.calendar}
              </a>
            )}
            <Button variant="plain" className={cx(s.link, s.share)} onClick={() => void share()}>
              <Share aria-hidden="true" />
              {t.event.share}
            </Button>
          </span>
        </dd>
      </div>
      <div className={s.fact}>
        <dt>{t.event.where}</dt>
        <dd>
          <span className={s.big}>{venue.name}</span>
          {venue.address && <span>{venue.address}</span>}
          {!venue.address?.includes(event.city) && <span>{event.city}</span>}
          {hidden && <span className={s.dim}>{t.event.addressHidden}</span>}
          <span className={s.links}>
            {map && (
              <a className={s.link} href={map} target="_blank" rel="noopener noreferrer">
                <MapPin aria-hidden="true" />
                {t.event.map}
                <span className="vh"> ({t.common.newTab})</span>
              </a>
            )}
          </span>
        </dd>
      </div>
    </dl>
  )
}

function Details({ event }: { event: EventView }) {
  const { t, locale } = useI18n()
  return (
    <dl className={cx(s.facts, s.small)}>
      <div className={s.fact}>
        <dt>{t.event.organiser}</dt>
        <dd>
          <strong>{event.organiser.display_name}</strong>
          {event.external_url && (
            <a
              className={s.link}
              href={event.external_url}
              target="_blank"
              rel="noopener noreferrer nofollow"
            >
              <ExternalLink aria-hidden="true" />
              {t.event.website}
              <span className="vh"> ({t.common.newTab})</span>
            </a>
          )}
        </dd>
      </div>
      {(event.price || event.is_free) && (
        <div className={s.fact}>
          <dt>{t.event.price}</dt>
          <dd>
            <strong>{event.price ?? t.event.free}</strong>
          </dd>
        </div>
      )}
      {langOf(event.language) && (
        <div className={s.fact}>
          <dt>{t.event.language}</dt>
          <dd>
            <strong>{languageName(event.language, locale)}</strong>
          </dd>
        </div>
      )}
    </dl>
  )
}

/** How one comes to a place, as far as there is something to know: until it begins. */
function Registration({ event }: { event: EventView }) {
  const { t, locale } = useI18n()
  const now = useNow(30_000)
  const { registration: rules, capacity } = event
  const r = t.event.registration
  const window = windowOf(rules, now)
  const hasLine = capacity != null && capacity > 0
  const limited = rules.party_limit < 10
  const plain = window.kind === 'always' && rules.access === 'open' && !limited && !hasLine
  const begun = Date.parse(event.starts_at) <= now.getTime()
  if (plain || begun || event.status === 'cancelled' || capacity === 0) return null

  const at = (local: string) => momentOf(local, todayIn(event.timezone, now), locale)
  const next = window.kind === 'ahead' ? rules.opens_at : rules.closes_at
  const zone =
    next && window.kind !== 'closed' ? zoneNote({ ...event, starts_at: next }, locale) : null
  return (
    <section className={s.rules} aria-label={r.title}>
      <h2 className={s.label}>{r.title}</h2>
      {window.kind !== 'always' && (
        <p>
          <strong>
            {window.kind === 'ahead' &&
              (window.closes
                ? r.opensCloses(at(window.opens), at(window.closes))
                : r.opens(at(window.opens)))}
            {window.kind === 'open' && r.open(at(window.closes))}
            {window.kind === 'closed' && r.closed(at(window.closes))}
          </strong>
        </p>
      )}
      {zone && <p className={s.dim}>{t.event.zone(zone.zone, zone.yours)}</p>}
      {rules.access === 'approval' && <p>{r.approval}</p>}
      {rules.access === 'invitation' && <p>{r.invitation}</p>}
      {limited && <p>{r.party(rules.party_limit)}</p>}
      {hasLine && (
        <details className={s.line}>
          <summary>{r.howLine}</summary>
          <ul>
            {lineWords(rules, locale, t).map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}
