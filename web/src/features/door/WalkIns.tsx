import { useState } from 'react'
import { errorText } from '../../api/forms'
import { ApiError } from '../../api/problem'
import { useI18n } from '../../i18n'
import { formatClock } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { Alert } from '../../ui/Field'
import { useNow } from '../../ui/hooks'
import type { Kept, Waiter } from './types'
import s from './WalkIns.module.css'

/** The line, to whom unused places go a quarter of an hour after the start. */
export function WalkIns(props: {
  kept: Kept
  reachable: boolean
  onLetIn: (waiter: Waiter) => Promise<void>
}) {
  const { t, locale } = useI18n()
  const now = useNow(5_000)
  const [busy, setBusy] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const { kept, reachable } = props
  const begun = Date.parse(kept.walk_ins_from) <= now.getTime()
  const from = formatClock(kept.walk_ins_from, kept.timezone, locale)

  async function letIn(waiter: Waiter) {
    setBusy(waiter.user_id)
    setError(null)
    try {
      await props.onLetIn(waiter)
    } catch (failed) {
      setError(failed)
    } finally {
      setBusy(null)
    }
  }
  const own = error instanceof ApiError ? t.door.refusals[error.code] : undefined

  return (
    <div className={s.line}>
      <h2 className={s.title}>{t.door.lineTitle}</h2>
      {kept.waiting.length === 0 ? (
        <p>{t.door.lineEmpty}</p>
      ) : (
        <p>{begun ? (reachable ? t.door.lineNow : t.door.lineOffline) : t.door.lineFrom(from)}</p>
      )}
      {error !== null && <Alert>{own ?? errorText(error, t)}</Alert>}
      <ol role="list" className={s.list}>
        {kept.waiting.map((waiter, n) => (
          <li key={waiter.user_id}>
            <span className={s.position}>{n + 1}</span>
            <span className={s.name}>
              {waiter.display_name}
              <span className={s.dim}>{t.door.party(waiter.party_size)}</span>
            </span>
            {begun && (
              <Button
                className={s.button}
                disabled={!reachable}
                busy={busy !== null}
                aria-label={`${t.door.letIn}: ${waiter.display_name}`}
                onClick={() => void letIn(waiter)}
              >
                {t.door.letIn}
              </Button>
            )}
          </li>
        ))}
      </ol>
    </div>
  )
}
