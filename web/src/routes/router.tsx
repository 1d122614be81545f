import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  type ErrorComponentProps,
} from '@tanstack/react-router'
import { eventQuery } from '../api/event'
import { ApiError } from '../api/problem'
import { configQuery, meQuery } from '../api/session'
import { parseFilters } from '../features/feed/filters'
import { keepInvitation } from '../features/joins/invitation'
import { parsePeople } from '../features/joins/people'
import { facetsQuery, listQuery, trendingQuery } from '../features/feed/queries'
import { useT } from '../i18n'
import { todayIn } from '../i18n/dates'
import { Failure } from '../ui/State'
import { NotFound } from '../app/NotFound'
import { safeNext, type NextSearch } from '../api/next'
import s from './router.module.css'
import { Shell } from '../app/Shell'

type Context = { queryClient: QueryClient }

function RouteFailure({ error, reset }: ErrorComponentProps) {
  const t = useT()
  return (
    <div className={s.pad}>
      <Failure scope="page" title={t.crash.route} error={error} onRetry={reset} />
    </div>
  )
}

const root = createRootRouteWithContext<Context>()({
  component: Shell,
  errorComponent: RouteFailure,
  notFoundComponent: NotFound,
})

/** Pages for the signed-in send everyone else to the sign-in and back. */
async function needSession({
  context,
  location,
}: {
  context: Context
  location: { href: string }
}) {
  const me = await context.queryClient.ensureQueryData(meQuery)
  if (!me) throw redirect({ to: '/sign-in', search: { next: location.href } })
}

/** The same for pages that go on without a network: who is away from it cannot be asked. */
async function needSessionUnlessAway({
  context,
  location,
}: {
  context: Context
  location: { href: string }
}) {
  if (!navigator.onLine) return
  const query = { ...meQuery, retry: false }
  const me = await context.queryClient.ensureQueryData(query).catch(() => undefined)
  if (me === null) throw redirect({ to: '/sign-in', search: { next: location.href } })
}

const nextSearch = (search: Record<string, unknown>): NextSearch => ({
  next: safeNext(search.next),
})
const tokenSearch = (search: Record<string, unknown>): { token?: string } => ({
  // A token of digits alone comes out of the address bar as a number.
  token:
    typeof search.token === 'string' || typeof search.token === 'number'
      ? String(search.token)
      : undefined,
})

const discover = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: parseFilters,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    // Sent off while the page's code is still coming; the page itself shows how they fare.
    void context.queryClient.prefetchInfiniteQuery(listQuery(deps, todayIn(undefined, new Date())))
    void context.queryClient.prefetchQuery(facetsQuery)
    void context.queryClient.prefetchQuery(trendingQuery)
  },
  component: lazyRouteComponent(() => import('../features/feed/DiscoverPage'), 'DiscoverPage'),
})

const event = createRoute({
  getParentRoute: () => root,
  path: '/events/$id/{-$slug}',
  validateSearch: (search: Record<string, unknown>): { invitation?: string } =>
    // A code of digits alone comes out of the address bar as a number.
    typeof search.invitation === 'string' || typeof search.invitation === 'number'
      ? { invitation: String(search.invitation) }
      : {},
  beforeLoad: ({ params, search }) => {
    if (!search.invitation) return
    keepInvitation(params.id, search.invitation)
    throw redirect({ to: '/events/$id/{-$slug}', params, search: {}, replace: true })
  },
  loader: ({ context, params }) => {
    // As on Discover: the page shows itself how its data fare.
    void context.queryClient.prefetchQuery(eventQuery(params.id))
  },
  component: lazyRouteComponent(() => import('./EventRoute'), 'EventRoute'),
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: nextSearch,
  component: lazyRouteComponent(() => import('../features/auth/SignInPage'), 'SignInPage'),
})

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  validateSearch: nextSearch,
  component: lazyRouteComponent(() => import('../features/auth/SignUpPage'), 'SignUpPage'),
})

const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: '/verify-email',
  validateSearch: tokenSearch,
  component: lazyRouteComponent(() => import('../features/auth/VerifyPage'), 'VerifyPage'),
})

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('../features/auth/PasswordPages'), 'ForgotPage'),
})

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  validateSearch: tokenSearch,
  component: lazyRouteComponent(() => import('../features/auth/PasswordPages'), 'ResetPage'),
})

const myPlaces = createRoute({
  getParentRoute: () => root,
  path: '/me/places',
  validateSearch: (search: Record<string, unknown>): { when?: 'past' } =>
    search.when === 'past' ? { when: 'past' } : {},
  beforeLoad: needSession,
  component: lazyRouteComponent(() => import('../features/joins/MyPlacesPage'), 'MyPlacesPage'),
})

const myEvents = createRoute({
  getParentRoute: () => root,
  path: '/me/events',
  beforeLoad: needSession,
  component: lazyRouteComponent(() => import('../features/events/MyEventsPage'), 'MyEventsPage'),
})

const newEvent = createRoute({
  getParentRoute: () => root,
  path: '/events/new',
  beforeLoad: needSession,
  component: lazyRouteComponent(() => import('../features/events/NewEventPage'), 'NewEventPage'),
})

const editEvent = createRoute({
  getParentRoute: () => root,
  path: '/events/$id/edit',
  beforeLoad: needSession,
  component: lazyRouteComponent(() => import('../features/events/EditEventPage'), 'EditEventPage'),
})

const participants = createRoute({
  getParentRoute: () => root,
  path: '/events/$id/participants',
  validateSearch: parsePeople,
  beforeLoad: needSession,
  component: lazyRouteComponent(
    () => import('../features/joins/ParticipantsPage'),
    'ParticipantsPage',
  ),
})

const ticket = createRoute({
  getParentRoute: () => root,
  path: '/events/$id/ticket',
  beforeLoad: needSessionUnlessAway,
  component: lazyRouteComponent(() => import('../features/door/TicketPage'), 'TicketPage'),
})

const door = createRoute({
  getParentRoute: () => root,
  path: '/events/$id/door',
  staticData: { bare: true },
  beforeLoad: needSessionUnlessAway,
  component: lazyRouteComponent(() => import('../features/door/DoorPage'), 'DoorPage'),
})

const stewards = createRoute({
  getParentRoute: () => root,
  path: '/events/$id/stewards',
  beforeLoad: needSession,
  component: lazyRouteComponent(() => import('../features/door/StewardsPage'), 'StewardsPage'),
})

const quickJoin = createRoute({
  getParentRoute: () => root,
  path: '/quick-join',
  validateSearch: tokenSearch,
  component: lazyRouteComponent(() => import('../features/joins/QuickJoinPage'), 'QuickJoinPage'),
})

const quickJoinEntry = createRoute({
  getParentRoute: () => root,
  path: '/events/$id/quick-join',
  component: lazyRouteComponent(
    () => import('../features/joins/QuickJoinEntryPage'),
    'QuickJoinEntryPage',
  ),
})

const account = createRoute({
  getParentRoute: () => root,
  path: '/me/account',
  beforeLoad: needSession,
  component: lazyRouteComponent(() => import('../features/auth/AccountPage'), 'AccountPage'),
})

const devMail = createRoute({
  getParentRoute: () => root,
  path: '/dev/mail',
  validateSearch: (search: Record<string, unknown>): { id?: string } =>
    typeof search.id === 'string' || typeof search.id === 'number' ? { id: String(search.id) } : {},
  loader: ({ context }) => context.queryClient.prefetchQuery(configQuery),
  component: lazyRouteComponent(() => import('../features/notify/DevMailPage'), 'DevMailPage'),
})

const tree = root.addChildren([
  discover,
  event,
  signIn,
  signUp,
  verifyEmail,
  forgotPassword,
  resetPassword,
  myPlaces,
  myEvents,
  newEvent,
  editEvent,
  participants,
  ticket,
  door,
  stewards,
  quickJoin,
  quickJoinEntry,
  account,
  devMail,
])

export function makeRouter(queryClient: QueryClient) {
  const router = createRouter({
    routeTree: tree,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0, // TanStack Query decides what is fresh
    defaultPendingMs: 250,
    defaultErrorComponent: RouteFailure,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
    // The server's slug is only decoration; a trailing slash is not another page.
    trailingSlash: 'never',
  })
  // A session that ended elsewhere shows as a refusal anywhere: forget who was signed in.
  queryClient.getQueryCache().subscribe((update) => {
    if (
      update.type === 'updated' &&
      update.action.type === 'error' &&
      update.query !== queryClient.getQueryCache().find(meQuery) &&
      update.action.error instanceof ApiError &&
      update.action.error.status === 401 &&
      queryClient.getQueryData(meQuery.queryKey)
    ) {
      queryClient.setQueryData(meQuery.queryKey, null)
      void router.invalidate()
    }
  })
  return router
}

export type AppRouter = ReturnType<typeof makeRouter>

declare module '@tanstack/react-router' {
  interface Register {
    router: AppRouter
  }
}
