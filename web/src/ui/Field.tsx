import { useId, useState, type ComponentProps, type ReactNode } from 'react'
import { useT } from '../i18n'
import { cx } from './cx'
import s from './Field.module.css'

type Shell = { name: string; label: ReactNode; hint?: ReactNode; error?: string }

function useShell({ hint, error }: Pick<Shell, 'hint' | 'error'>) {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return {
    id,
    aria: {
      id,
      'aria-invalid': error ? true : undefined,
      'aria-describedby': described || undefined,
    },
  } as const
}

function Frame(
  props: Shell & { id: string; required?: boolean; corner?: ReactNode; children: ReactNode },
) {
  const t = useT()
  return (
    <div className={s.field}>
      <div className={s.label}>
        <label htmlFor={props.id}>{props.label}</label>
        {props.corner ??
          (props.required ? null : <span className={s.optional}>{t.common.optional}</span>)}
      </div>
      {props.children}
      {props.hint && (
        <div id={`${props.id}-hint`} className={s.hint}>
          {props.hint}
        </div>
      )}
      {props.error && (
        <div id={`${props.id}-error`} className={s.error}>
          {props.error}
        </div>
      )}
    </div>
  )
}

export function TextField({
  label,
  hint,
  error,
  corner,
  className,
  ...input
}: Shell & ComponentProps<'input'> & { corner?: ReactNode }) {
  const { id, aria } = useShell({ hint, error })
  return (
    <Frame {...{ id, label, hint, error, corner }} name={input.name} required={input.required}>
      <input {...input} {...aria} className={cx(s.input, className)} />
    </Frame>
  )
}

export function PasswordField(props: Shell & ComponentProps<'input'>) {
  const t = useT()
  const [shown, setShown] = useState(false)
  return (
    <TextField
      {...props}
      type={shown ? 'text' : 'password'}
      required
      spellCheck={false}
      autoCapitalize="none"
      corner={
        <button
          type="button"
          className={s.reveal}
          aria-pressed={shown}
          aria-label={t.auth.showPassword}
          onClick={() => setShown(!shown)}
        >
          {shown ? t.auth.hide : t.auth.show}
        </button>
      }
    />
  )
}

export function TextArea({
  label,
  hint,
  error,
  corner,
  ...input
}: Shell & ComponentProps<'textarea'> & { corner?: ReactNode }) {
  const { id, aria } = useShell({ hint, error })
  return (
    <Frame {...{ id, label, hint, error, corner }} name={input.name} required={input.required}>
      <textarea {...input} {...aria} className={s.input} />
    </Frame>
  )
}

export function SelectField({
  label,
  hint,
  error,
  children,
  ...input
}: Shell & ComponentProps<'select'>) {
  const { id, aria } = useShell({ hint, error })
  return (
    <Frame {...{ id, label, hint, error }} name={input.name} required={input.required ?? true}>
      <select {...input} {...aria} className={s.input}>
        {children}
      </select>
    </Frame>
  )
}

export function CheckField({ label, ...input }: { label: ReactNode } & ComponentProps<'input'>) {
  return (
    <label className={s.check}>
      <input {...input} type="checkbox" />
      <span>{label}</span>
    </label>
  )
}

/** A message for a whole form; focusable so that a failed submit can lead there. */
export function Alert({
  tone = 'bad',
  children,
  ...rest
}: { tone?: 'bad' | 'good' | 'note' } & ComponentProps<'div'>) {
  return (
    <div
      {...rest}
      role={tone === 'bad' ? 'alert' : 'status'}
      tabIndex={-1}
      data-tone={tone}
      className={s.alert}
    >
      {children}
    </div>
  )
}

export const formClass = s.form
