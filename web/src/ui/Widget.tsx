import type { ReactNode } from 'react'
import { useT } from '../i18n'
import { ErrorBoundary } from './ErrorBoundary'
import { Failure } from './State'

/** A part of a page that may fail on its own. */
export function Widget({ children }: { children: ReactNode }) {
  const t = useT()
  return (
    <ErrorBoundary
      fallback={(error, retry) => (
        <Failure scope="widget" title={t.crash.widget} error={error} onRetry={retry} />
      )}
    >
      {children}
    </ErrorBoundary>
  )
}
