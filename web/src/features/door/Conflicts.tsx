import { useI18n } from '../../i18n'
import { formatClock } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import s from './Conflicts.module.css'
import { Over } from './Over'
import type { Conflict } from './types'

/** Who was let in here without a network, though the gates together know better. */
export function Conflicts(props: {
  conflicts: Conflict[]
  timezone: string
  onSeen: (conflict: Conflict) => void
  onClose: () => void
}) {
  const { t } = useI18n()
  return (
    <Over shape="sheet" label={t.door.conflictsTitle} onClose={props.onClose}>
      <h2 className={s.title}>{t.door.conflictsTitle}</h2>
      <p>{t.door.conflictsLead}</p>
      <ul role="list" className={s.list}>
        {props.conflicts.map((conflict) => (
          <li key={conflict.id}>
            <div>
              <p className={s.name}>{conflict.name || t.door.unknown}</p>
              <p>
                <Words conflict={conflict} timezone={props.timezone} />
              </p>
            </div>
            <Button
              aria-label={`${t.door.seen}: ${conflict.name}`}
              onClick={() => props.onSeen(conflict)}
            >
              {t.door.seen}
            </Button>
          </li>
        ))}
      </ul>
      <Button size="large" wide onClick={props.onClose} autoFocus>
        {t.common.close}
      </Button>
    </Over>
  )
}

function Words({ conflict, timezone }: { conflict: Conflict; timezone: string }) {
  const { t, locale } = useI18n()
  const { first, outcome, kind, gate } = conflict
  const words = t.door.conflict
  const clock = (at: string) => formatClock(at, timezone, locale)
  const here = (kind === 'out' ? words.hereOut : words.here)(clock(conflict.at), gate)
  const but =
    outcome !== 'already_in'
      ? words[outcome]
      : first
        ? words.already_in(clock(first.at), first.gate, first.by)
        : words.alreadyIn
  return `${here}, ${but}`
}
