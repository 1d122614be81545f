import { queryOptions, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, Navigate } from '@tanstack/react-router'
import CalendarPlus from 'lucide-react/icons/calendar-plus'
import Printer from 'lucide-react/icons/printer'
import { useEffect } from 'react'
import { api, unwrap } from '../../api/client'
import { calendarUrl, eventQuery } from '../../api/event'
import { ApiError, hasCode, isRetryable } from '../../api/problem'
import { useMe } from '../../api/session'
import { langOf, useI18n } from '../../i18n'
import { dayOf, formatClock, formatInstant, spanOf, todayIn } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { DateBlock } from '../../ui/DateBlock'
import { useNow, useOnline, useTitle } from '../../ui/hooks'
import { Poster } from '../../ui/Poster'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { dropPaper, keepPaper, paperOf, recallPaper, type Paper } from './keptTicket'
import { forgetPage, keepOpenable } from './offline'
import s from './TicketPage.module.css'

const route = getRouteApi('/events/$id/ticket')

const ticketQuery = (id: string) =>
  queryOptions({
    queryKey: ['ticket', id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/events/{id}/ticket', { params: { path: { id } }, signal })),
  })

/** One's own ticket: to be shown at the door, kept, printed. */
export function TicketPage() {
  const { t, locale } = useI18n()
  const { id } = route.useParams()
  const me = useMe()
  const online = useOnline()
  const ticket = useQuery(ticketQuery(id))
  const event = useQuery(eventQuery(id))
  const userId = me.data?.id

  const fresh = ticket.data && event.data ? paperOf(event.data, ticket.data) : null
  const none = hasCode(ticket.error, 'not_joined', 'not_found')
  useEffect(() => {
    if (none) dropPaper(id)
    else if (ticket.data && event.data && userId) {
      keepPaper(paperOf(event.data, ticket.data), userId, new Date())
    }
  }, [id, none, ticket.data, event.data, userId])

  const away = !online || isRetryable(ticket.error) || isRetryable(event.error)
  const kept = !fresh && !none && away ? recallPaper(id, userId) : null
  const paper = fresh ?? kept
  useTitle(paper ? t.ticket.forTitle(paper.event.title) : t.ticket.title)
  useOpenable(id, fresh)

  if (me.data === null) return <Navigate to="/sign-in" search={{ next: `/events/${id}/ticket` }} />
  const toEvent = (
    <Link to="/events/$id/{-$slug}" params={{ id }} className={buttonClass()}>
      {t.ticket.toEvent}
    </Link>
  )
  if (none) {
    return (
      <div className={s.page}>
        <Empty
          title={t.ticket.none}
          hint={event.data?.status === 'cancelled' ? t.event.cancelledNote : t.ticket.noneText}
        >
          {toEvent}
        </Empty>
      </div>
    )
  }
  const cut = !online || isCut(ticket.error) || isCut(event.error)
  if (!paper && cut) {
    return (
      <div className={s.page}>
        <Empty title={t.ticket.noneKept} hint={t.ticket.noneKeptText}>
          <Button variant="primary" onClick={() => void ticket.refetch()}>
            {t.common.retry}
          </Button>
        </Empty>
      </div>
    )
  }
  if (!paper && (ticket.isError || event.isError)) {
    return (
      <div className={s.page}>
        <Failure
          scope="page"
          title={t.crash.route}
          error={ticket.error ?? event.error}
          onRetry={() => void Promise.all([ticket.refetch(), event.refetch()])}
        >
          {toEvent}
        </Failure>
      </div>
    )
  }
  return (
    <div className={s.page}>
      <h1 className="vh">{paper ? t.ticket.forTitle(paper.event.title) : t.ticket.title}</h1>
      {kept && (
        <p className={s.saved} role="status">
          <strong>{t.ticket.saved(formatInstant(kept.saved_at, locale))}</strong>{' '}
          {t.ticket.savedNote}
        </p>
      )}
      {paper ? <Card paper={paper} /> : <Skeleton style={{ height: '32rem' }} />}
      {paper && (
        <div className={s.actions}>
          <a className={buttonClass()} href={calendarUrl(id)} download>
            <CalendarPlus aria-hidden="true" />
            {t.event.calendar}
          </a>
          <Button onClick={() => print()}>
            <Printer aria-hidden="true" />
            {t.ticket.print}
          </Button>
          {toEvent}
        </div>
      )}
    </div>
  )
}

/** No answer at all: a server that has one says itself what is wrong. */
const isCut = (error: unknown) => error instanceof ApiError && error.status === 0

/** Opens without a network, too, until a day after the end. */
function useOpenable(id: string, paper: Paper | null) {
  const ends = paper?.event.ends_at
  const cover = paper?.event.cover
  useEffect(() => {
    if (!ends || !cover) return
    const page = `/events/${id}/ticket`
    if (Date.parse(ends) + 86_400_000 < Date.now()) void forgetPage(page)
    else void keepOpenable(page, [cover])
  }, [id, ends, cover])
}

function Card({ paper: { ticket, event } }: { paper: Paper }) {
  const { t, locale } = useI18n()
  const now = useNow(30_000)
  const span = spanOf(event, locale, todayIn(event.timezone, now))
  const over = Date.parse(event.ends_at) <= now.getTime()
  const { venue } = event
  const address = [venue.address, venue.address?.includes(event.city) ? null : event.city]
    .filter(Boolean)
    .join(', ')
  const arrived = ticket.arrived_at && formatClock(ticket.arrived_at, event.timezone, locale)
  return (
    <article className={s.ticket} data-over={over} aria-label={t.ticket.title}>
      <Poster src={event.cover} eager className={s.poster} />
      <div className={s.face}>
        <DateBlock day={dayOf(event.starts_at_local)} className={s.date} />
        <p className={s.time}>
          {span.kind === 'all-day' && t.ticket.all}
          {span.kind === 'times' && `${span.from} – ${span.to}`}
          {span.kind === 'days' && `${span.from} – ${span.to}`}
        </p>
        <p className={s.title} lang={langOf(event.language)}>
          {event.title}
        </p>
        <p className={s.place}>
          <strong>{venue.name}</strong>
          {address && <span>{address}</span>}
        </p>
        <p className={s.who}>
          <strong>{ticket.display_name}</strong>
          <span>
            {t.ticket.admits(ticket.party_size)}
            {ticket.guests.length > 0 && `, ${t.ticket.with(ticket.guests.join(', '))}`}
          </span>
        </p>
      </div>
      <div className={s.stub}>
        <img
          className={s.code}
          src={`data:image/svg+xml,${encodeURIComponent(ticket.qr_svg)}`}
          alt={t.ticket.code}
          width={240}
          height={240}
        />
        <p className={s.number}>
          <span>{t.ticket.number}</span> {ticket.number}
        </p>
        {event.status === 'cancelled' ? (
          <p className={s.stamp} data-bad>
            {t.ticket.cancelled}
          </p>
        ) : over ? (
          <p className={s.hint}>{t.ticket.over}</p>
        ) : arrived ? (
          <p className={s.stamp}>{t.ticket.arrived(arrived)}</p>
        ) : (
          <p className={s.hint}>{t.ticket.show}</p>
        )}
      </div>
    </article>
  )
}
