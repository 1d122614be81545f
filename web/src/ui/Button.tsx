import type { ComponentProps } from 'react'
import s from './Button.module.css'
import { cx } from './cx'

type Look = {
  variant?: 'primary' | 'quiet' | 'danger' | 'plain'
  size?: 'small' | 'large'
  wide?: boolean
}

/** The look of a button for links that act like one. */
export function buttonClass({ variant = 'quiet', size, wide }: Look = {}) {
  return cx(s.button, s[variant], size && s[size], wide && s.wide)
}

/** A busy button keeps its focus and says so, but does not fire twice. */
export function Button({
  variant,
  size,
  wide,
  busy,
  className,
  onClick,
  type = 'button',
  ...rest
}: ComponentProps<'button'> & Look & { busy?: boolean }) {
  return (
    <button
      {...rest}
      type={type}
      className={cx(buttonClass({ variant, size, wide }), className)}
      aria-disabled={busy || rest['aria-disabled'] || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault()
        else onClick?.(event)
      }}
    />
  )
}
