import { useBlocker } from '@tanstack/react-router'
import { useCallback, useRef, useState } from 'react'
import { useT } from '../../i18n'

/** Asks before work that is not saved is left behind, inside the app and when the tab closes. */
export function useUnsaved() {
  const t = useT()
  const ref = useRef(false)
  const [dirty, setDirty] = useState(false)
  useBlocker({
    shouldBlockFn: () => ref.current && !window.confirm(t.editor.leaveDirty),
    enableBeforeUnload: () => ref.current,
  })
  return {
    dirty,
    mark: useCallback(() => {
      ref.current = true
      setDirty(true)
    }, []),
    clear: useCallback(() => {
      ref.current = false
      setDirty(false)
    }, []),
  }
}
