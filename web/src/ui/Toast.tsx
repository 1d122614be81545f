import { createContext, use, useCallback, useMemo, useState, type ReactNode } from 'react'
import s from './Toast.module.css'

const Context = createContext<(text: string) => void>(() => {})
const SHOWN_MS = 5000

/** One polite live region for short confirmations. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<{ id: number; text: string }[]>([])
  const say = useCallback((text: string) => {
    const id = performance.now()
    setItems((now) => [...now.slice(-1), { id, text }])
    setTimeout(() => setItems((now) => now.filter((item) => item.id !== id)), SHOWN_MS)
  }, [])
  return (
    <Context value={useMemo(() => say, [say])}>
      {children}
      <div className={s.region} role="status" aria-live="polite">
        {items.map((item) => (
          <div key={item.id} className={s.toast}>
            {item.text}
          </div>
        ))}
      </div>
    </Context>
  )
}

export const useToast = () => use(Context)
