import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Fragment, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Card } from '../../api/types'
import { useI18n } from '../../i18n'
import { addDays, formatDay, todayIn } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { DateBlock } from '../../ui/DateBlock'
import { useNow, useTitle } from '../../ui/hooks'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { Widget } from '../../ui/Widget'
import { DayRail } from './DayRail'
import { groupByDay, isTonight, type DayGroup } from './days'
import s from './DiscoverPage.module.css'
import { byDay, isFiltered, type Filters } from './filters'
import { Hero } from './Hero'
import { PosterCard } from './PosterCard'
import { listQuery, runningQuery } from './queries'
import { Sentence } from './Sentence'

/** Pages that come by themselves; after that a button, so that the footer can be reached. */
const AUTO_PAGES = 6
const LEAD_FROM = 4

const route = getRouteApi('/')

export function DiscoverPage() {
  const { t } = useI18n()
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  const now = useNow(60_000)
  const today = todayIn(undefined, now)
  useTitle(t.discover.title)

  const change = useCallback(
    (part: Partial<Filters>, replace = false) =>
      navigate({
        search: (old) => ({ ...old, ...part }),
        replace,
        resetScroll: false,
      }),
    [navigate],
  )
  const search = useCallback(
    (q: string) => change({ q: q || undefined, sort: undefined }, true),
    [change],
  )
  const reset = useCallback(() => navigate({ search: {}, resetScroll: false }), [navigate])

  return (
    <>
      <Hero q={filters.q ?? ''} onSearch={search}>
        <Widget>
          <Sentence filters={filters} today={today} onChange={change} onReset={reset} />
        </Widget>
      </Hero>
      <River filters={filters} today={today} now={now} onChange={change} onReset={reset} />
    </>
  )
}

function River(props: {
  filters: Filters
  today: string
  now: Date
  onChange: (part: Partial<Filters>) => void
  onReset: () => void
}) {
  const { filters, today, now } = props
  const { t } = useI18n()
  const list = useInfiniteQuery(listQuery(filters, today))
  const cards = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const river = byDay(filters)
  const shelf = useQuery(runningQuery(filters, today))
  const running = (river && shelf.data?.items) || []
  const groups = useMemo(() => groupByDay(cards, now), [cards, now])
  // What goes on now belongs after today; where today has nothing else, before the days to come.
  const todayFirst = groups[0]?.day === today
  const [seen, setSeen] = useState<string | null>(null)
  // Other filters bring other days: one that is gone is nobody's current day.
  const current = groups.some((group) => group.day === seen) ? seen : null
  const corrected = list.data?.pages[0]?.corrected

  function jump(day: string) {
    const heading = document.getElementById(`day-${day}`)
    if (heading) {
      heading.scrollIntoView({ behavior: 'smooth', block: 'start' })
      heading.focus({ preventScroll: true })
    } else {
      props.onChange({ from: day, to: undefined, when: undefined })
    }
  }

  return (
    <>
      {river && <DayRail today={today} day={current ?? filters.from ?? today} onChoose={jump} />}
      <p className={s.corrected} role="status" hidden={!corrected || list.isPlaceholderData}>
        {corrected && (
          <>
            {filters.q && `${t.discover.correctedFrom(filters.q)} `}
            <strong>{t.discover.corrected(corrected)}</strong>
          </>
        )}
      </p>
      <section
        className={s.river}
        aria-label={t.discover.results}
        aria-busy={list.isFetching}
        data-stale={list.isPlaceholderData || undefined}
      >
        {body()}
      </section>
    </>
  )

  function body() {
    if (list.isPending) return <WallSkeleton />
    if (list.isError && cards.length === 0) {
      return (
        <Failure title={t.discover.failed} error={list.error} onRetry={() => void list.refetch()} />
      )
    }
    if (cards.length === 0 && running.length === 0) {
      const filtered = isFiltered(filters)
      return (
        <Empty
          title={filtered ? t.discover.empty : t.discover.emptyAll}
          hint={filtered ? t.discover.emptyHint : t.discover.emptyAllHint}
        >
          {filtered && (
            <Button variant="primary" onClick={props.onReset}>
              {t.discover.showAll}
            </Button>
          )}
        </Empty>
      )
    }
    return (
      <>
        {river && !todayFirst && <OnNow cards={running} now={now} eager />}
        {river ? (
          groups.map((group, index) => (
            <Fragment key={group.day}>
              <DaySection
                group={group}
                today={today}
                now={now}
                eager={index < 2}
                onSeen={setSeen}
              />
              {index === 0 && todayFirst && <OnNow cards={running} now={now} />}
            </Fragment>
          ))
        ) : (
          <div className={cx(s.day, s.plain)}>
            <Wall cards={unique(cards)} now={now} eager withDay />
          </div>
        )}
        <div className={s.foot}>
          {list.isFetchNextPageError ? (
            <Failure
              title={t.discover.failedMore}
              error={list.error}
              onRetry={() => void list.fetchNextPage()}
            />
          ) : list.hasNextPage ? (
            <More
              auto={(list.data?.pages.length ?? 0) < AUTO_PAGES}
              busy={list.isFetchingNextPage}
              onMore={() => void list.fetchNextPage()}
            />
          ) : (
            <p>{t.discover.end}</p>
          )}
        </div>
      </>
    )
  }
}

function unique(cards: Card[]) {
  return [...new Map(cards.map((card) => [card.id, card])).values()]
}

function DaySection(props: {
  group: DayGroup
  today: string
  now: Date
  eager: boolean
  onSeen: (day: string) => void
}) {
  const { t, locale } = useI18n()
  const { day, cards } = props.group
  const { onSeen } = props
  const ref = useRef<HTMLElement>(null)

  useEffect(() => {
    if (!ref.current) return
    // The day whose section crosses a line just under the rail is the current one.
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && onSeen(day), {
      rootMargin: '-90px 0px -80% 0px',
    })
    observer.observe(ref.current)
    return () => observer.disconnect()
  }, [day, onSeen])

  const label =
    day === props.today
      ? isTonight(cards)
        ? t.discover.tonight
        : t.discover.todayHead
      : day === addDays(props.today, 1)
        ? t.discover.tomorrowHead
        : null
  const id = `day-${day}`
  return (
    <section ref={ref} className={s.day} aria-labelledby={id}>
      <h2 className={s.head} id={id} tabIndex={-1}>
        {label && <span className={s.label}>{label} </span>}
        <DateBlock day={day} className={s.bigDate} />
        <span className="vh">{formatDay(day, props.today, locale)}</span>
      </h2>
      <Wall cards={cards} now={props.now} eager={props.eager} />
    </section>
  )
}

/** A low shelf for what has already begun: the eye should land on the days. */
function OnNow(props: { cards: Card[]; now: Date; eager?: boolean }) {
  const { t } = useI18n()
  if (props.cards.length === 0) return null
  return (
    <section className={s.day} aria-labelledby="on-now">
      <h2 className={s.head} id="on-now">
        <span className={s.label}>{t.discover.running} </span>
        <span className={s.note}>{t.discover.runningNote}</span>
      </h2>
      <div className={s.strip} role="group" aria-labelledby="on-now" tabIndex={0}>
        {props.cards.map((card, index) => (
          <PosterCard key={card.id} card={card} now={props.now} eager={props.eager && index < 6} />
        ))}
      </div>
    </section>
  )
}

function Wall(props: { cards: Card[]; now: Date; eager: boolean; withDay?: boolean }) {
  const withLead = props.cards.length >= LEAD_FROM
  return (
    <div className={s.wall}>
      {props.cards.map((card, index) => (
        <div key={card.id} className={cx(withLead && index === 0 && s.lead)}>
          <PosterCard
            card={card}
            now={props.now}
            lead={withLead && index === 0}
            eager={props.eager && index < 6}
            withDay={props.withDay}
          />
        </div>
      ))}
    </div>
  )
}

function More(props: { auto: boolean; busy: boolean; onMore: () => void }) {
  const { t } = useI18n()
  const ref = useRef<HTMLDivElement>(null)
  const onMore = useRef(props.onMore)
  useEffect(() => {
    onMore.current = props.onMore
  })
  useEffect(() => {
    const element = ref.current
    if (!element || !props.auto || props.busy) return
    const observer = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting && onMore.current(),
      { rootMargin: '1000px' },
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [props.auto, props.busy])
  return (
    <div ref={ref}>
      {props.busy ? (
        <p role="status">{t.discover.loadingMore}</p>
      ) : (
        <Button onClick={props.onMore}>{t.common.more}</Button>
      )}
    </div>
  )
}

function WallSkeleton() {
  const { t } = useI18n()
  return (
    <div className={s.day}>
      <p className="vh" role="status">
        {t.common.loading}
      </p>
      <div className={s.head}>
        <Skeleton style={{ width: '7rem', height: '4rem' }} />
      </div>
      <div className={s.wall}>
        {Array.from({ length: 10 }, (_, index) => (
          <div key={index} className={cx(index === 0 && s.lead)}>
            <Skeleton style={{ aspectRatio: '4 / 5' }} />
            <Skeleton style={{ height: '1rem', marginTop: '0.75rem', width: '40%' }} />
            <Skeleton style={{ height: '1.3rem', marginTop: '0.4rem', width: '85%' }} />
          </div>
        ))}
      </div>
    </div>
  )
}
