import { useEffect, useRef, type ReactNode } from 'react'
import { cx } from '../../ui/cx'
import s from './Over.module.css'

/** What lies over the door: a verdict that fills the screen, or a sheet that comes up to the thumb. Focus stays in it. */
export function Over(props: {
  label: string
  shape: 'full' | 'sheet'
  tone?: string
  onClose: () => void
  children: ReactNode
}) {
  const ref = useRef<HTMLDialogElement>(null)
  const { onClose } = props
  useEffect(() => {
    const dialog = ref.current
    if (dialog && !dialog.open) dialog.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={ref}
      className={cx(s.over, s[props.shape])}
      role={props.shape === 'full' ? 'alertdialog' : undefined}
      aria-label={props.label}
      data-tone={props.tone}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        if (event.target === ref.current && props.shape === 'sheet') onClose()
      }}
    >
      <div className={s.inner}>{props.children}</div>
    </dialog>
  )
}
