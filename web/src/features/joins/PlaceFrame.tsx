import type { ReactNode } from 'react'
import { errorText } from '../../api/forms'
import { hasCode, isRetryable } from '../../api/problem'
import type { EventView, Me } from '../../api/types'
import { useT } from '../../i18n'
import { cx } from '../../ui/cx'
import { Alert } from '../../ui/Field'
import type { LiveState } from './live'
import s from './PlaceBlock.module.css'
import type { PlaceActions } from './usePlaceActions'

/** What every state of the block is told. */
export type Place = {
  event: EventView
  me: Me | null
  now: Date
  doing: PlaceActions
  invitation: string | null
  /** Whether what is said came about just now, before the reader's eyes. */
  fresh: boolean
  /** Opens a dialog. */
  open: (dialog: 'join' | 'guests' | 'answers' | 'leave') => void
  /** How the numbers are followed; `null` where they no longer move. */
  live: LiveState | null
  online: boolean
}

/** The block's frame: what is so, what it means, what to do. */
export function PlaceFrame(props: {
  place: Place
  headline: ReactNode
  text?: ReactNode
  /** On a phone, headline and button share a line. */
  compact?: boolean
  children?: ReactNode
  actions?: ReactNode
}) {
  const t = useT()
  const { live, online, doing } = props.place
  const { join, claim, leave, keep } = doing
  const failed = join.error ?? claim.error ?? leave.error ?? keep.error
  return (
    <section
      id="place"
      className={cx(s.block, props.compact && s.compact)}
      aria-label={t.place.title}
      data-testid="place"
    >
      <div className={s.top}>
        <div>{props.headline}</div>
        {live && (
          <span className={s.live} data-state={online ? live : 'reconnecting'}>
            <span className={s.dot} aria-hidden="true" />
            {online && live !== 'reconnecting' ? t.place.live : t.place.reconnecting}
          </span>
        )}
      </div>
      {props.text && <div className={s.text}>{props.text}</div>}
      {props.children}
      {failed && (
        <Alert>
          {hasCode(failed, 'email_not_verified')
            ? t.place.reasons.email_not_verified
            : errorText(failed, t)}{' '}
          {join.error && isRetryable(failed) && t.place.retryNote}
        </Alert>
      )}
      {!online && <p className={s.text}>{t.place.offline}</p>}
      {props.actions && <div className={s.actions}>{props.actions}</div>}
    </section>
  )
}
