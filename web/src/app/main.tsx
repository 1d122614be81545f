import '../ui/styles/fonts.css'
import '../ui/styles/tokens.css'
import '../ui/styles/base.css'
import { QueryClient } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { isRetryable } from '../api/problem'
import { detectLocale, loadMessages } from '../i18n'
import { makeRouter } from '../routes/router'
import { App } from './App'
import { applyTheme, storedTheme } from './theme'

const TRIES = 3

applyTheme(storedTheme())

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Refusals are answers; only what may heal by itself is asked again.
      retry: (count, error) => count < TRIES - 1 && isRetryable(error),
      // Ask even when the browser believes it is offline: it may be wrong, and the error says what to do.
      networkMode: 'always',
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: 'always', retry: false },
  },
})
const router = makeRouter(queryClient)
const locale = detectLocale()

void loadMessages(locale).then((messages) => {
  const root = document.getElementById('root')
  if (!root) throw new Error('index.html has no #root')
  createRoot(root).render(
    <App queryClient={queryClient} router={router} locale={locale} messages={messages} />,
  )
})
