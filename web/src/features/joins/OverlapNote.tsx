import { Link } from '@tanstack/react-router'
import type { Overlap } from '../../api/types'
import { useT } from '../../i18n'
import s from './PlaceBlock.module.css'

/** Nobody can be at two places at once. What weighs most is said first, the rest on My places. */
export function OverlapNote({ overlaps }: { overlaps: Overlap[] }) {
  const t = useT()
  const [other] = [...overlaps].sort((a, b) => WEIGHT[b.status] - WEIGHT[a.status])
  if (!other) return null
  return (
    <p className={s.overlap}>
      {t.place.overlap[other.status]}{' '}
      <Link
        to="/events/$id/{-$slug}"
        params={{ id: other.event_id, slug: other.slug || undefined }}
      >
        {other.title}
      </Link>
    </p>
  )
}

const WEIGHT: Record<Overlap['status'], number> = {
  confirmed: 3,
  offered: 2,
  waitlisted: 1,
  pending: 0,
}
