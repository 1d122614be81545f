import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import Search from 'lucide-react/icons/search'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { hasCode } from '../../api/problem'
import type { EventView, Participant } from '../../api/types'
import { useI18n } from '../../i18n'
import { formatNumber } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { BulkApprove } from './BulkApprove'
import s from './ParticipantsPage.module.css'
import { STATUSES, type Deed, type Status } from './people'
import { PeopleTable } from './PeopleTable'
import { peopleQuery } from './peopleQuery'

const PersonDialog = lazy(() =>
  import('./PersonDialog').then((it) => ({ default: it.PersonDialog })),
)

const TimelineDialog = lazy(() =>
  import('./TimelineDialog').then((it) => ({ default: it.TimelineDialog })),
)

const route = getRouteApi('/events/$id/participants')
/** After the last key, so that not every letter asks the server. */
const TYPING_MS = 300

export function PeopleList({ id, event }: { id: string; event: EventView | undefined }) {
  const { t } = useI18n()
  const { status, name } = route.useSearch()
  const refused = useInfiniteQuery(peopleQuery(id, status, name)).error
  if (hasCode(refused, 'forbidden', 'not_found')) return <Empty title={t.people.notYours} />
  return (
    <>
      <div className={s.tools}>
        <Filters id={id} event={event} />
        <NameSearch key={id} id={id} />
      </div>
      <People key={`${status}.${name}`} id={id} event={event} status={status} name={name} />
    </>
  )
}

/** Which of them. Requests and offers are counted by their lists: the event itself does not tell how many there are. */
function Filters({ id, event }: { id: string; event: EventView | undefined }) {
  const { t, locale } = useI18n()
  const { status, name } = route.useSearch()
  const number = (n: number | undefined) => (n ? formatNumber(n, locale) : '')
  const counts: Record<Status, string> = {
    confirmed: number(event?.places?.confirmed),
    waitlisted: number(event?.places?.waitlisted),
    offered: useListed(id, 'offered'),
    pending: useListed(id, 'pending'),
  }
  // On a phone the row is wider than the screen.
  const row = useRef<HTMLElement>(null)
  useEffect(() => {
    row.current
      ?.querySelector('[aria-current=page]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' })
    // What it counts makes a filter wider.
  }, [status, counts.pending, counts.offered])
  return (
    <nav ref={row} className={s.filters} aria-label={t.people.filter}>
      {([undefined, ...STATUSES] as const).map((it) => {
        const count = it && counts[it]
        return (
          <Link
            key={it ?? 'all'}
            to="/events/$id/participants"
            params={{ id }}
            search={{ ...(it && { status: it }), ...(name && { name }) }}
            activeOptions={{ exact: true }}
          >
            {t.people.filters[it ?? 'all']}
            {count && <span className={s.count}>{count}</span>}
          </Link>
        )
      })}
    </nav>
  )
}

/** How many a list has, as far as it is loaded: "7", "100+", or nothing. */
function useListed(id: string, status: Status): string {
  const { locale } = useI18n()
  const pages = useInfiniteQuery(peopleQuery(id, status, undefined)).data?.pages
  const n = pages?.flatMap((page) => page.items).length
  if (!n) return ''
  return `${formatNumber(n, locale)}${pages?.at(-1)?.next_cursor ? '+' : ''}`
}

function NameSearch({ id }: { id: string }) {
  const { t } = useI18n()
  const { status, name } = route.useSearch()
  const navigate = useNavigate()
  const [typed, setTyped] = useState(name ?? '')
  // The address may change by other hands: the way back, or a link that shows everyone.
  const [known, setKnown] = useState(name)
  if (name !== known) {
    setKnown(name)
    if (name !== typed.trim()) setTyped(name ?? '')
  }
  useEffect(() => {
    const wanted = typed.trim()
    if (wanted === (name ?? '')) return
    const timer = setTimeout(
      () =>
        void navigate({
          to: '/events/$id/participants',
          params: { id },
          search: { ...(status && { status }), ...(wanted && { name: wanted }) },
          replace: true,
        }),
      TYPING_MS,
    )
    return () => clearTimeout(timer)
  }, [typed, name, status, id, navigate])
  return (
    <label className={s.search}>
      <Search aria-hidden="true" />
      <span className="vh">{t.people.search}</span>
      <input
        type="search"
        value={typed}
        placeholder={t.people.search}
        maxLength={100}
        onChange={(event) => setTyped(event.target.value)}
      />
    </label>
  )
}

function People(props: {
  id: string
  event: EventView | undefined
  status: Status | undefined
  name: string | undefined
}) {
  const { id, event, status, name } = props
  const { t } = useI18n()
  const list = useInfiniteQuery(peopleQuery(id, status, name))
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [doing, setDoing] = useState<{ deed: Deed; person: Participant } | null>(null)
  const [told, setTold] = useState<Participant | null>(null)

  if (list.isPending) return <Skeleton style={{ height: '16rem' }} />
  const people = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isError && people.length === 0) {
    return (
      <Failure title={t.people.failed} error={list.error} onRetry={() => void list.refetch()} />
    )
  }
  const asking = people.filter((person) => person.status === 'pending')
  const selected = asking.filter((person) => chosen.has(person.user_id))
  return (
    <>
      {status === 'pending' && (
        <BulkApprove
          id={id}
          people={asking}
          selected={selected}
          onSelect={(these) => setChosen(new Set(these.map((person) => person.user_id)))}
        />
      )}
      {people.length === 0 ? (
        <Nobody id={id} status={status} name={name} />
      ) : (
        <PeopleTable
          event={event}
          people={people}
          chosen={status === 'pending' ? chosen : undefined}
          onChoose={(person, on) =>
            setChosen((old) => {
              const next = new Set(old)
              if (on) next.add(person.user_id)
              else next.delete(person.user_id)
              return next
            })
          }
          onDeed={(deed, person) => setDoing({ deed, person })}
          onTimeline={setTold}
        />
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
      <Suspense fallback={null}>
        {doing && event && (
          <PersonDialog
            key={doing.person.join_id}
            event={event}
            {...doing}
            onClose={() => setDoing(null)}
          />
        )}
        {told && event && (
          <TimelineDialog event={event} person={told} onClose={() => setTold(null)} />
        )}
      </Suspense>
    </>
  )
}

function Nobody(props: { id: string; status: Status | undefined; name: string | undefined }) {
  const { id, status, name } = props
  const { t } = useI18n()
  if (name) {
    return (
      <Empty title={t.people.emptySearch(name)}>
        <Link to="/events/$id/participants" params={{ id }} className={buttonClass()}>
          {t.people.showAll}
        </Link>
      </Empty>
    )
  }
  if (status === 'waitlisted') {
    return <Empty title={t.people.emptyLine} hint={t.people.emptyLineHint} />
  }
  if (status === 'pending') {
    return <Empty title={t.people.emptyRequests} hint={t.people.emptyRequestsHint} />
  }
  if (status === 'offered') {
    return <Empty title={t.people.emptyOffers} hint={t.people.emptyOffersHint} />
  }
  return <Empty title={t.people.empty} hint={t.people.emptyHint} />
}
