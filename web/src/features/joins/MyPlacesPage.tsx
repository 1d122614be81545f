import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import Check from 'lucide-react/icons/check'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { errorText } from '../../api/forms'
import { underKey } from '../../api/idempotency'
import { useMe } from '../../api/session'
import type { MyJoin } from '../../api/types'
import { langOf, useI18n, useT } from '../../i18n'
import { dayOf, formatMoment, spanOf, todayIn } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { DateBlock } from '../../ui/DateBlock'
import { Alert } from '../../ui/Field'
import { useNow, useTitle } from '../../ui/hooks'
import { Page, Tabs } from '../../ui/Page'
import { Poster } from '../../ui/Poster'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { LeaveDialog } from './LeaveDialog'
import { dueOf, sameTime, standingWords } from './mine'
import s from './MyPlacesPage.module.css'

const route = getRouteApi('/me/places')

export function MyPlacesPage() {
  const { t } = useI18n()
  useTitle(t.mine.placesTitle)
  const when = route.useSearch().when ?? 'upcoming'
  return (
    <Page title={t.mine.placesTitle}>
      <Tabs label={t.mine.placesTitle}>
        <Link to="/me/places" activeOptions={{ exact: true }}>
          {t.mine.upcoming}
        </Link>
        <Link to="/me/places" search={{ when: 'past' }} activeOptions={{ exact: true }}>
          {t.mine.past}
        </Link>
      </Tabs>
      <List key={when} when={when} />
    </Page>
  )
}

function List({ when }: { when: 'upcoming' | 'past' }) {
  const { t } = useI18n()
  const list = useInfiniteQuery({
    queryKey: ['joins', 'mine', when],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/me/joins', {
          params: { query: { when, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  if (list.isPending) {
    return (
      <div className={s.list} role="status" aria-label={t.common.loading}>
        <Skeleton style={{ height: '8.5rem' }} />
        <Skeleton style={{ height: '8.5rem' }} />
      </div>
    )
  }
  const joins = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isError && joins.length === 0) {
    return <Failure title={t.mine.failed} error={list.error} onRetry={() => void list.refetch()} />
  }
  if (joins.length === 0) {
    return when === 'past' ? (
      <Empty title={t.mine.pastEmpty} />
    ) : (
      <Empty title={t.mine.placesEmpty} hint={t.mine.placesEmptyHint}>
        <Link to="/" className={buttonClass({ variant: 'primary' })}>
          {t.mine.browse}
        </Link>
      </Empty>
    )
  }
  const past = when === 'past'
  const overlapping = past ? new Map<string, string>() : sameTime(joins)
  return (
    <>
      <ul role="list" className={s.list}>
        {joins.map((join) => (
          <Ticket
            key={join.join_id}
            join={join}
            past={past}
            sameTime={overlapping.get(join.join_id)}
          />
        ))}
      </ul>
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

function Ticket(props: { join: MyJoin; past: boolean; sameTime: string | undefined }) {
  const { join, past } = props
  const { t, locale } = useI18n()
  const now = useNow(60_000)
  const { event } = join
  const status = standingWords(join, past, t)
  const due = past ? null : dueOf(join)
  if (!event) {
    return (
      <li className={s.ticket}>
        <div className={s.stub} />
        <div className={s.body}>
          <p>{t.mine.goneEvent}</p>
          <p className={s.status} data-kind={join.status}>
            {status}
          </p>
          {join.status !== 'cancelled' && <LeaveHidden join={join} />}
        </div>
      </li>
    )
  }
  const span = spanOf(event, locale, todayIn(event.timezone, now))
  return (
    <li className={s.ticket}>
      <div className={s.stub}>
        <DateBlock day={dayOf(event.starts_at_local)} className={s.date} />
        <span className={s.time}>
          {span.kind === 'times' ? span.from : span.kind === 'days' ? span.fromTime : ''}
        </span>
      </div>
      <div className={s.body}>
        <h2 className={s.title}>
          <Link
            to="/events/$id/{-$slug}"
            params={{ id: event.id, slug: event.slug || undefined }}
            lang={langOf(event.language)}
          >
            {event.title}
          </Link>
        </h2>
        <p className={s.where}>
          {[event.venue_name, event.city].filter(Boolean).join(', ')}
          {span.kind === 'all-day' && ` · ${t.event.allDay}`}
        </p>
        <p className={s.standing}>
          <span className={s.status} data-kind={join.status}>
            {join.status === 'confirmed' && <Check aria-hidden="true" strokeWidth={3} />}
            {status}
          </span>
          {join.party_size > 1 && (
            <span className={s.party}>{t.mine.forPeople(join.party_size)}</span>
          )}
        </p>
        {due && (
          <Link
            to="/events/$id/{-$slug}"
            params={{ id: event.id, slug: event.slug || undefined }}
            hash="place"
            className={s.due}
          >
            {t.mine.due[due.what](formatMoment(due.at, event.timezone, now, locale, 'short'))}
          </Link>
        )}
        {props.sameTime && <p className={s.same}>{t.mine.sameTime(props.sameTime)}</p>}
      </div>
      <div className={s.posterCell}>
        <Poster src={event.cover.svg} className={s.poster} />
      </div>
    </li>
  )
}

const KINDS = ['pending', 'waitlisted', 'offered'] as const

/** An event that is not public has no page on which its place could be given up. */
function LeaveHidden({ join }: { join: MyJoin }) {
  const t = useT()
  const client = useQueryClient()
  const userId = useMe().data?.id ?? ''
  const [asked, setAsked] = useState(false)
  const id = join.event_id
  const leave = useMutation({
    mutationFn: () =>
      underKey('leave', id, userId, {}, (key) =>
        unwrap(
          api.POST('/api/v1/events/{id}/leave', {
            params: { path: { id }, header: { 'Idempotency-Key': key } },
            body: {},
          }),
        ),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ['joins'] }),
  })
  return (
    <>
      {leave.isError && <Alert>{errorText(leave.error, t)}</Alert>}
      <Button size="small" busy={leave.isPending} onClick={() => setAsked(true)}>
        {t.place.leave}
      </Button>
      {asked && (
        <LeaveDialog
          event={{ places: null }}
          state={{ kind: KINDS.find((it) => it === join.status) ?? 'confirmed' }}
          onClose={() => setAsked(false)}
          onLeave={() => {
            setAsked(false)
            leave.mutate()
          }}
        />
      )}
    </>
  )
}
