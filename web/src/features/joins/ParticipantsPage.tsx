import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import Download from 'lucide-react/icons/download'
import { api, unwrap } from '../../api/client'
import { eventQuery } from '../../api/event'
import { hasCode } from '../../api/problem'
import { useI18n } from '../../i18n'
import { formatInstant, formatNumber } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { useTitle } from '../../ui/hooks'
import { Page, Tabs } from '../../ui/Page'
import { Poster } from '../../ui/Poster'
import { Empty, Failure, Skeleton } from '../../ui/State'
import table from '../../ui/Table.module.css'
import { cx } from '../../ui/cx'
import s from './ParticipantsPage.module.css'

const route = getRouteApi('/events/$id/participants')

export function ParticipantsPage() {
  const { t, locale } = useI18n()
  const { id } = route.useParams()
  const status = route.useSearch().status ?? 'confirmed'
  const event = useQuery(eventQuery(id)).data
  useTitle(event ? `${t.people.title}: ${event.title}` : t.people.title)
  const mine = !!event?.actions.can_edit
  const count = (value: number | undefined) =>
    value === undefined ? '' : ` ${formatNumber(value, locale)}`

  return (
    <Page
      title={t.people.title}
      small
      actions={
        mine && (
          <a
            className={buttonClass()}
            href={`/api/v1/events/${encodeURIComponent(id)}/participants.csv`}
            download
          >
            <Download aria-hidden="true" />
            {t.people.csv}
          </a>
        )
      }
    >
      {event && (
        <div className={s.event}>
          <Poster src={event.cover.svg} className={s.poster} />
          <div>
            <Link to="/events/$id/{-$slug}" params={{ id, slug: event.slug || undefined }}>
              {event.title}
            </Link>
            {event.places && (
              <p>
                {t.mine.colPlaces}:{' '}
                {t.mine.taken(event.places.confirmed, event.places.capacity ?? null)}
              </p>
            )}
          </div>
        </div>
      )}
      <Tabs label={t.people.title}>
        <Link to="/events/$id/participants" params={{ id }} activeOptions={{ exact: true }}>
          {t.people.confirmed}
          {count(event?.places?.confirmed)}
        </Link>
        <Link
          to="/events/$id/participants"
          params={{ id }}
          search={{ status: 'waitlisted' }}
          activeOptions={{ exact: true }}
        >
          {t.people.waitlist}
          {count(event?.places?.waitlisted)}
        </Link>
      </Tabs>
      <List key={status} id={id} status={status} />
    </Page>
  )
}

function List({ id, status }: { id: string; status: 'confirmed' | 'waitlisted' }) {
  const { t, locale } = useI18n()
  const list = useInfiniteQuery({
    queryKey: ['joins', 'participants', id, status],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/events/{id}/participants', {
          params: {
            path: { id },
            query: { status, limit: 100, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  if (list.isPending) return <Skeleton style={{ height: '16rem' }} />
  const people = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isError && people.length === 0) {
    if (hasCode(list.error, 'forbidden', 'not_found')) return <Empty title={t.people.notYours} />
    return (
      <Failure title={t.people.failed} error={list.error} onRetry={() => void list.refetch()} />
    )
  }
  if (people.length === 0) {
    return status === 'confirmed' ? (
      <Empty title={t.people.empty} hint={t.people.emptyHint} />
    ) : (
      <Empty title={t.people.emptyLine} />
    )
  }
  return (
    <>
      <table className={cx(table.table, table.stack)}>
        <thead>
          <tr>
            {status === 'waitlisted' && <th data-num="">{t.people.colPosition}</th>}
            <th>{t.people.colName}</th>
            <th data-num="">{t.people.colParty}</th>
            <th data-num="">{t.people.colJoined}</th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.join_id}>
              {status === 'waitlisted' && (
                <td data-num="" data-label={t.people.colPosition}>
                  {person.position}
                </td>
              )}
              <td className={table.name}>{person.display_name}</td>
              <td data-num="" data-label={t.people.colParty}>
                {person.party_size}
              </td>
              <td data-num="" data-label={t.people.colJoined}>
                <time dateTime={person.joined_at}>{formatInstant(person.joined_at, locale)}</time>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.hasNextPage && (
        <Button
          className={s.more}
          busy={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t.common.more}
        </Button>
      )}
    </>
  )
}
