import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { I18nProvider, useT } from '../i18n'
import type { Locale } from '../i18n/dates'
import type { Messages } from '../i18n/en'
import type { AppRouter } from '../routes/router'
import { ErrorBoundary } from '../ui/ErrorBoundary'
import { Failure } from '../ui/State'
import { ToastProvider } from '../ui/Toast'
import s from './Shell.module.css'

export function App(props: {
  queryClient: QueryClient
  router: AppRouter
  locale: Locale
  messages: Messages
}) {
  return (
    <I18nProvider locale={props.locale} messages={props.messages}>
      <ErrorBoundary
        fallback={(error) => <LastResort error={error} onRetry={() => location.reload()} />}
      >
        <QueryClientProvider client={props.queryClient}>
          <ToastProvider>
            <RouterProvider router={props.router} />
          </ToastProvider>
        </QueryClientProvider>
      </ErrorBoundary>
    </I18nProvider>
  )
}

function LastResort(props: { error: unknown; onRetry: () => void }) {
  const t = useT()
  return (
    <main className={s.plainMain}>
      <Failure scope="page" title={t.crash.app} error={props.error} onRetry={props.onRetry} />
    </main>
  )
}
