import { useQuery } from '@tanstack/react-query'
import { eventQuery } from '../../api/event'
import { langOf, useI18n } from '../../i18n'
import { dayOf, formatDay, todayIn } from '../../i18n/dates'
import { Decor } from '../../ui/Decor'
import { useNow } from '../../ui/hooks'
import { Poster } from '../../ui/Poster'
import s from './Destination.module.css'

/** The event one is signing in for, so that the detour never loses sight of it. */
export function Destination({ next }: { next: string | undefined }) {
  const { locale } = useI18n()
  const now = useNow(60_000)
  const id = /^\/events\/([\w-]+)/.exec(next ?? '')?.[1]
  const event = useQuery({ ...eventQuery(id ?? ''), enabled: !!id && id !== 'new' }).data
  if (!event) return <Decor />
  return (
    <div className={s.destination}>
      <Poster src={event.cover.svg} eager />
      <div>
        <p className={s.title} lang={langOf(event.language)}>
          {event.title}
        </p>
        <p className={s.dim}>
          {formatDay(dayOf(event.starts_at_local), todayIn(event.timezone, now), locale)}
          <br />
          {event.venue.name}
        </p>
      </div>
    </div>
  )
}
