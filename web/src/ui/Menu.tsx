import Ellipsis from 'lucide-react/icons/ellipsis'
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { cx } from './cx'
import s from './Menu.module.css'

export type MenuItem = { label: string; danger?: boolean; onSelect: () => void }

/** Actions behind one button. Arrows, Home and End move, Escape and a click elsewhere close. */
export function Menu(props: { label: string; items: MenuItem[]; children?: ReactNode }) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const items = () => [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]

  useEffect(() => {
    if (!open) return
    root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus()
    const elsewhere = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', elsewhere)
    document.addEventListener('focusin', elsewhere)
    return () => {
      document.removeEventListener('pointerdown', elsewhere)
      document.removeEventListener('focusin', elsewhere)
    }
  }, [open])

  function close() {
    setOpen(false)
    button.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    if (!open) return
    const all = items()
    const here = all.indexOf(document.activeElement as HTMLElement)
    const to = {
      ArrowDown: (here + 1) % all.length,
      ArrowUp: (here - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      all[to]?.focus()
    } else if (event.key === 'Escape') {
      event.stopPropagation()
      close()
    } else if (event.key === 'Tab') setOpen(false)
  }

  return (
    <div ref={root} className={s.root} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        className={s.button}
        aria-label={props.label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {props.children ?? <Ellipsis aria-hidden="true" />}
      </button>
      {open && (
        <div role="menu" aria-label={props.label} className={s.menu}>
          {props.items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={cx(s.item, item.danger && s.danger)}
              onClick={() => {
                close()
                item.onSelect()
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
