import { useEffect, useRef } from 'react'
import { useI18n } from '../../i18n'
import { addDays, dayParts, formatDay, weekday } from '../../i18n/dates'
import { cx } from '../../ui/cx'
import s from './DayRail.module.css'

const DAYS = 18
const SATURDAY = 5

/** The coming days in one line, stuck to the top: shows where in the river you are and takes you along. */
export function DayRail(props: {
  today: string
  day: string | null
  onChoose: (day: string) => void
}) {
  const { t, locale } = useI18n()
  const ref = useRef<HTMLUListElement>(null)
  const first =
    props.day && props.day > addDays(props.today, DAYS - 4) ? addDays(props.day, -3) : props.today

  useEffect(() => {
    const list = ref.current
    const item = list?.querySelector<HTMLElement>('[aria-current]')
    if (!list || !item) return
    const wanted = item.offsetLeft - list.offsetLeft - list.clientWidth / 2 + item.offsetWidth / 2
    list.scrollTo({ left: wanted, behavior: 'smooth' })
  }, [props.day])

  return (
    <nav className={s.rail} aria-label={t.discover.rail}>
      <ul role="list" className={s.inner} ref={ref}>
        {Array.from({ length: DAYS }, (_, offset) => {
          const day = addDays(first, offset)
          const parts = dayParts(day, locale, 'short')
          const newMonth = parts.day === '1'
          return (
            <li key={day} className={s.item}>
              <button
                type="button"
                className={cx(s.day, weekday(day) >= SATURDAY && s.weekend)}
                aria-current={day === props.day ? 'true' : undefined}
                aria-label={t.discover.railJump(formatDay(day, props.today, locale))}
                onClick={() => props.onChoose(day)}
              >
                <span className={s.weekday}>
                  {day === props.today ? t.common.today : newMonth ? parts.month : parts.weekday}
                </span>
                <span className={s.num}>{parts.day}</span>
              </button>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}
