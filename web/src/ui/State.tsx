import type { CSSProperties, ReactNode } from 'react'
import { errorText } from '../api/forms'
import { ApiError, referenceOf } from '../api/problem'
import { useT } from '../i18n'
import { Button } from './Button'
import { cx } from './cx'
import s from './State.module.css'

/** What is said where there is nothing to show. */
export function Empty(props: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className={s.state}>
      <h2>{props.title}</h2>
      {props.hint && <p>{props.hint}</p>}
      {props.children && <div className={s.actions}>{props.children}</div>}
    </div>
  )
}

/** A failure: what happened, whether anything was lost, what to do, and what to quote. */
export function Failure(props: {
  title: string
  error: unknown
  onRetry?: () => void
  scope?: 'page' | 'widget'
  children?: ReactNode
}) {
  const t = useT()
  const offline = props.error instanceof ApiError && props.error.status === 0
  const Heading = props.scope === 'page' ? 'h1' : 'h2'
  return (
    <div className={cx(s.state, props.scope === 'widget' && s.widget)} role="alert">
      <Heading>{offline ? t.offline.title : props.title}</Heading>
      <p>
        {offline
          ? t.offline.text
          : props.error instanceof ApiError
            ? errorText(props.error, t)
            : t.crash.text}
      </p>
      {!offline && (
        <p className={s.ref}>
          <code>{t.common.reference(referenceOf(props.error))}</code>
        </p>
      )}
      <div className={s.actions}>
        {props.onRetry && (
          <Button variant="primary" onClick={props.onRetry}>
            {t.common.retry}
          </Button>
        )}
        {props.children}
      </div>
    </div>
  )
}

export function Skeleton({ style }: { style?: CSSProperties }) {
  return <div className={s.skeleton} style={style} aria-hidden="true" />
}
