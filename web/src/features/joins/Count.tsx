import type { Places } from '../../api/types'
import { useI18n } from '../../i18n'
import { formatNumber } from '../../i18n/dates'
import { freePlaces, keptForOthers } from './place'
import s from './PlaceBlock.module.css'

/** How many places are left, set like a number on a poster. */
export function Count({ places, full }: { places: Places | null; full: boolean }) {
  const { t, locale } = useI18n()
  if (!places) return <p className={s.headline}>{t.place.unknown}</p>
  const { capacity, confirmed, waitlisted } = places
  if (capacity == null) {
    return (
      <p className={s.unit}>
        {t.place.unlimited}
        <small>{t.place.going(confirmed)}</small>
      </p>
    )
  }
  if (capacity === 0) return <p className={s.headline}>{t.place.noPlaces}</p>
  const kept = keptForOthers(places)
  const left = freePlaces(places) ?? 0
  if (full) {
    return (
      <p className={s.unit}>
        {left > 0 ? t.place.waiting(waitlisted) : t.place.full}
        <small>
          {left > 0
            ? `${t.place.lineFirst(left)}.`
            : `${kept > 0 ? t.place.kept(kept) : t.place.fullOf(capacity)}. ${t.place.waiting(waitlisted)}.`}
        </small>
      </p>
    )
  }
  return (
    <p className={s.count}>
      <span className={s.number}>
        <span key={left} className={s.tick}>
          {formatNumber(left, locale)}
        </span>
      </span>
      <span className={s.unit}>
        {t.place.leftWord(left)}
        <small>{t.place.of(capacity)}</small>
        {kept > 0 && <small>{t.place.kept(kept)}</small>}
      </span>
    </p>
  )
}

/** How much is taken, drawn; what is kept for others is hatched. The words beside it say the same. */
export function Meter({ places }: { places: Places | null }) {
  if (!places || !places.capacity) return null
  const share = (people: number) => Math.min(1, people / (places.capacity || 1))
  return (
    <div className={s.meter} aria-hidden="true">
      <span
        className={s.held}
        style={{ transform: `scaleX(${share(places.confirmed + places.held)})` }}
      />
      <span style={{ transform: `scaleX(${share(places.confirmed)})` }} />
    </div>
  )
}
