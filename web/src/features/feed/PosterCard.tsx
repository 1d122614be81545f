import { Link } from '@tanstack/react-router'
import type { MouseEvent } from 'react'
import type { Card } from '../../api/types'
import { langOf, useI18n } from '../../i18n'
import { dayOf, formatDay, formatDayOfMonth, lastDay, spanOf, todayIn } from '../../i18n/dates'
import { cx } from '../../ui/cx'
import { Poster } from '../../ui/Poster'
import s from './PosterCard.module.css'

const FEW_PLACES = 10

/** Names the clicked poster, so that it travels to its place on the event's page. */
function carry(event: MouseEvent<HTMLElement>) {
  const poster = event.currentTarget.closest('article')?.querySelector('img')?.parentElement
  if (poster) poster.style.viewTransitionName = 'poster'
}

/** One poster on the wall with its caption. The whole card is the link, its name is the title. */
export function PosterCard(props: {
  card: Card
  now: Date
  lead?: boolean
  eager?: boolean
  withDay?: boolean
}) {
  const { card } = props
  const { t, locale } = useI18n()
  const today = todayIn(card.timezone, props.now)
  const { capacity, confirmed, held } = card.places
  const left = capacity == null ? null : Math.max(0, capacity - confirmed - held)
  return (
    <article className={cx(s.card, props.lead && s.lead)}>
      <Poster src={card.cover.svg} eager={props.eager} className={s.poster} />
      <div className={s.caption}>
        <p className={s.time}>
          <time dateTime={card.starts_at}>{whenText()}</time>
          {card.is_free && <span className={cx(s.mark, s.free)}>{t.card.free}</span>}
          {left === 0 && capacity !== 0 && (
            <span className={cx(s.mark, s.full)}>{t.card.full}</span>
          )}
          {left !== null && left > 0 && left <= FEW_PLACES && (
            <span className={cx(s.mark, s.few)}>{t.card.left(left)}</span>
          )}
        </p>
        <h3 className={s.title}>
          <Link
            to="/events/$id/{-$slug}"
            params={{ id: card.id, slug: card.slug || undefined }}
            lang={langOf(card.language)}
            viewTransition
            onClick={carry}
          >
            {card.title}
          </Link>
        </h3>
        <p className={s.where}>
          {card.venue_name && card.venue_name !== card.city
            ? `${card.venue_name}, ${card.city}`
            : card.city}
        </p>
      </div>
    </article>
  )

  function whenText() {
    const span = spanOf(card, locale, today)
    const first = dayOf(card.starts_at_local)
    const running = first < today
    const day = props.withDay && !running ? `${formatDay(first, today, locale, 'short')} · ` : ''
    if (span.kind === 'all-day') return day + t.event.allDay
    if (span.kind === 'times') return day + span.from
    const until = t.card.until(
      formatDayOfMonth(lastDay(card.starts_at_local, card.ends_at_local), today, locale),
    )
    if (running) return until
    return day + [span.fromTime ?? t.event.allDay, until].join(' · ')
  }
}
