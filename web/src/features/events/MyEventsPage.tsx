import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, unwrap } from '../../api/client'
import type { OrganisedEvent } from '../../api/types'
import { useI18n } from '../../i18n'
import { dayOf, formatDay, formatTime, todayIn } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { useNow, useTitle } from '../../ui/hooks'
import { Page } from '../../ui/Page'
import { Poster } from '../../ui/Poster'
import { Empty, Failure, Skeleton } from '../../ui/State'
import table from '../../ui/Table.module.css'
import s from './MyEventsPage.module.css'

export function MyEventsPage() {
  const { t } = useI18n()
  useTitle(t.mine.eventsTitle)
  const list = useInfiniteQuery({
    queryKey: ['events', 'mine'],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/me/events', {
          params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  const events = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Page
      title={t.mine.eventsTitle}
      actions={
        <Link to="/events/new" className={buttonClass({ variant: 'primary' })}>
          {t.nav.create}
        </Link>
      }
    >
      {list.isPending ? (
        <Skeleton style={{ height: '16rem' }} />
      ) : list.isError && events.length === 0 ? (
        <Failure title={t.crash.widget} error={list.error} onRetry={() => void list.refetch()} />
      ) : events.length === 0 ? (
        <Empty title={t.mine.eventsEmpty} hint={t.mine.eventsEmptyHint} />
      ) : (
        <EventTable events={events} />
      )}
      {list.hasNextPage && (
        <Button
          className={s.more}
          busy={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t.common.more}
        </Button>
      )}
    </Page>
  )
}

function EventTable({ events }: { events: OrganisedEvent[] }) {
  const { t, locale } = useI18n()
  const now = useNow(60_000)
  return (
    <table className={cx(table.table, table.stack)}>
      <thead>
        <tr>
          <th>{t.mine.colEvent}</th>
          <th>{t.mine.colWhen}</th>
          <th>{t.mine.colStatus}</th>
          <th data-num="">{t.mine.colPlaces}</th>
          <th data-num="">{t.mine.colWaiting}</th>
          <th>
            <span className="vh">{t.mine.colDo}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => {
          const today = todayIn(event.timezone, now)
          return (
            <tr key={event.id}>
              <td>
                <div className={s.what}>
                  <Poster src={event.cover.svg} />
                  <Link
                    className={s.title}
                    to="/events/$id/{-$slug}"
                    params={{ id: event.id, slug: event.slug || undefined }}
                  >
                    {event.title}
                  </Link>
                </div>
              </td>
              <td>
                {formatDay(dayOf(event.starts_at_local), today, locale, 'short')}
                {event.all_day ? '' : `, ${formatTime(event.starts_at_local, locale)}`}
              </td>
              <td>
                <span className={s.status} data-status={event.status}>
                  {t.mine.status[event.status]}
                </span>
              </td>
              <td data-num="" data-label={t.mine.colPlaces}>
                {event.places
                  ? t.mine.taken(event.places.confirmed, event.places.capacity ?? null)
                  : '–'}
              </td>
              <td data-num="" data-label={t.mine.colWaiting}>
                {event.places?.waitlisted ?? '–'}
              </td>
              <td>
                <div className={table.actions}>
                  {event.status !== 'cancelled' && (
                    <Link
                      to="/events/$id/edit"
                      params={{ id: event.id }}
                      className={buttonClass({ size: 'small' })}
                    >
                      {t.mine.edit}
                      <span className="vh">: {event.title}</span>
                    </Link>
                  )}
                  <Link
                    to="/events/$id/participants"
                    params={{ id: event.id }}
                    className={buttonClass({ size: 'small' })}
                  >
                    {t.mine.people}
                    <span className="vh">: {event.title}</span>
                  </Link>
                </div>
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
