import { useI18n } from '../i18n'
import { dayParts } from '../i18n/dates'
import { cx } from './cx'
import s from './DateBlock.module.css'

/** A date as on a poster: big day, small month, weekday in words. */
export function DateBlock({ day, className }: { day: string; className?: string }) {
  const { locale } = useI18n()
  const parts = dayParts(day, locale)
  return (
    <time dateTime={day} className={cx(s.date, className)}>
      <span className={s.day}>{parts.day}</span>
      <span className={s.weekday}> {parts.weekday} </span>
      <span className={s.month}>{parts.month}</span>
    </time>
  )
}
