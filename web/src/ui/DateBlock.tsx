import { useI18n } from '../i18n'
import { dayParts, todayIn } from '../i18n/dates'
import { cx } from './cx'
import s from './DateBlock.module.css'
import { useNow } from './hooks'

/** A date as on a poster: big day, small month, weekday in words; the year when it is not this one. */
export function DateBlock({ day, className }: { day: string; className?: string }) {
  const { locale } = useI18n()
  const parts = dayParts(day, locale)
  const thisYear = todayIn(undefined, useNow(3_600_000)).slice(0, 4)
  return (
    <time dateTime={day} className={cx(s.date, className)}>
      <span className={s.day}>{parts.day}</span>
      <span className={s.weekday}> {parts.weekday} </span>
      <span className={s.month}>
        {parts.month} {parts.year !== thisYear && parts.year}
      </span>
    </time>
  )
}
