import type { EventView } from '../../api/types'
import { langOf, useI18n } from '../../i18n'
import { dayOf, formatDay, formatTime, todayIn } from '../../i18n/dates'
import { useNow } from '../../ui/hooks'
import { Poster } from '../../ui/Poster'
import s from './QuickJoin.module.css'

/** Which event it is about, so that nobody takes a place in the dark. */
export function QuickEvent({ event }: { event: EventView }) {
  const { locale } = useI18n()
  const now = useNow(60_000)
  const day = formatDay(dayOf(event.starts_at_local), todayIn(event.timezone, now), locale)
  const time = event.all_day ? null : formatTime(event.starts_at_local, locale)
  return (
    <div className={s.event}>
      <Poster src={event.cover.svg} eager />
      <div>
        <p className={s.title} lang={langOf(event.language)}>
          {event.title}
        </p>
        <p className={s.dim}>
          {[day, time].filter(Boolean).join(', ')}
          <br />
          {event.venue.name}, {event.city}
        </p>
      </div>
    </div>
  )
}
