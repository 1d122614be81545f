import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import Download from 'lucide-react/icons/download'
import { lazy, Suspense } from 'react'
import { api, unwrap } from '../../api/client'
import { eventQuery } from '../../api/event'
import type { Places } from '../../api/types'
import { useT } from '../../i18n'
import { buttonClass } from '../../ui/Button'
import { useTitle } from '../../ui/hooks'
import { Page, Tabs } from '../../ui/Page'
import { Poster } from '../../ui/Poster'
import { Skeleton } from '../../ui/State'
import { Meter } from './Count'
import s from './ParticipantsPage.module.css'
import { VIEWS } from './people'
import { PeopleList } from './PeopleList'
import { overbookedBy } from './place'

const InvitationsPanel = lazy(() =>
  import('./InvitationsPanel').then((it) => ({ default: it.InvitationsPanel })),
)
const MessagesPanel = lazy(() =>
  import('./MessagesPanel').then((it) => ({ default: it.MessagesPanel })),
)
const BansPanel = lazy(() => import('./BansPanel').then((it) => ({ default: it.BansPanel })))

const route = getRouteApi('/events/$id/participants')

/** Who comes, who waits, who asks; whom the organiser invites, and whom they do not want. */
export function ParticipantsPage() {
  const t = useT()
  const { id } = route.useParams()
  const { view, ...filter } = route.useSearch()
  const event = useQuery(eventQuery(id)).data
  useTitle(event ? `${t.people.title}: ${event.title}` : t.people.title)
  const mine = !!event?.actions.can_edit

  return (
    <Page
      title={t.people.title}
      small
      actions={
        mine && (
          <a
            className={buttonClass()}
            href={`/api/v1/events/${encodeURIComponent(id)}/participants.csv`}
            download
          >
            <Download aria-hidden="true" />
            {t.people.csv}
          </a>
        )
      }
    >
      {event && (
        <div className={s.event}>
          <Poster src={event.cover.svg} className={s.poster} />
          <div>
            <Link to="/events/$id/{-$slug}" params={{ id, slug: event.slug || undefined }}>
              {event.title}
            </Link>
            {event.places && <Taken places={event.places} />}
            {mine && <NoShows id={id} />}
          </div>
        </div>
      )}
      {mine && (
        <Tabs label={t.people.title}>
          <Link
            to="/events/$id/participants"
            params={{ id }}
            // Itself as it is, so that it is the current one whatever is filtered.
            search={filter}
            activeOptions={{ exact: true }}
          >
            {t.people.views.people}
          </Link>
          {VIEWS.map((it) => (
            <Link
              key={it}
              to="/events/$id/participants"
              params={{ id }}
              search={{ view: it }}
              activeOptions={{ exact: true }}
            >
              {t.people.views[it]}
            </Link>
          ))}
        </Tabs>
      )}
      <Suspense fallback={<Skeleton style={{ height: '16rem' }} />}>
        {view === 'invitations' && <InvitationsPanel id={id} />}
        {view === 'messages' && <MessagesPanel id={id} />}
        {view === 'bans' && <BansPanel id={id} />}
        {!view && <PeopleList id={id} event={event} />}
      </Suspense>
    </Page>
  )
}

/** How many usually stay away, once enough events are past to say so. */
function NoShows({ id }: { id: string }) {
  const t = useT()
  const outlook = useQuery({
    queryKey: ['joins', 'outlook', id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/events/{id}/outlook', { params: { path: { id } }, signal })),
    staleTime: Infinity,
  })
  const told = outlook.data?.no_shows
  if (!told) return null
  return (
    <p className={s.outlook}>
      {t.outlook.noShows(told.usual_percent, told.of_events)}{' '}
      {told.suggested_extra > 0 && t.outlook.extra(told.suggested_extra)}
    </p>
  )
}

/** How full it is, told as it is. */
function Taken({ places }: { places: Places }) {
  const t = useT()
  const over = overbookedBy(places)
  const { capacity, confirmed, held } = places
  if (capacity == null) return <p>{t.people.takenUnlimited(confirmed)}</p>
  return (
    <>
      <p>
        <span>
          {t.people.taken(confirmed, capacity)}
          {held > 0 && `, ${t.people.kept(held)}`}
        </span>
        {over > 0 && <strong className={s.over}>{t.people.overbooked(over)}</strong>}
      </p>
      <Meter places={places} />
    </>
  )
}
