import X from 'lucide-react/icons/x'
import { useEffect, useId, useLayoutEffect, useRef, type ReactNode } from 'react'
import { useT } from '../i18n'
import s from './Dialog.module.css'

/** The native modal dialog: focus trap, Escape and top layer come from the browser. */
export function Dialog(props: {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
}) {
  const t = useT()
  const ref = useRef<HTMLDialogElement>(null)
  const title = useId()
  useEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    if (props.open && !dialog.open) dialog.showModal()
    if (!props.open && dialog.open) dialog.close()
  }, [props.open])
  // One that goes away while it is open gives the focus back, too; once it is out of the page it can't.
  useLayoutEffect(() => {
    const dialog = ref.current
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={ref}
      className={s.dialog}
      aria-labelledby={title}
      onClose={props.onClose}
      onClick={(event) => {
        if (event.target === ref.current) props.onClose()
      }}
    >
      {props.open && (
        <div onClick={(event) => event.stopPropagation()}>
          <h2 id={title} className={s.title}>
            {props.title}
          </h2>
          {props.children}
          {/* Last, so that the keyboard begins with what the dialog is about. */}
          <button
            type="button"
            className={s.close}
            aria-label={t.common.close}
            onClick={props.onClose}
          >
            <X aria-hidden="true" />
          </button>
        </div>
      )}
    </dialog>
  )
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={s.actions}>{children}</div>
}
