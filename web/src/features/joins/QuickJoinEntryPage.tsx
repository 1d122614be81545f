import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { eventQuery } from '../../api/event'
import { useT } from '../../i18n'
import { useTitle } from '../../ui/hooks'
import { SplitPage } from '../../ui/Page'
import { Failure, Skeleton } from '../../ui/State'
import { QuickEvent } from './QuickEvent'
import { QuickJoinForm } from './QuickJoinForm'

const route = getRouteApi('/events/$id/quick-join')

/** The same as the dialog, with an address of its own. */
export function QuickJoinEntryPage() {
  const t = useT()
  const { id } = route.useParams()
  const event = useQuery(eventQuery(id))
  useTitle(t.quick.title)
  return (
    <SplitPage
      title={t.quick.title}
      lead={t.quick.lead}
      picture={event.data && <QuickEvent event={event.data} />}
      aside={
        <p>
          {t.quick.haveAccount}{' '}
          <Link to="/sign-in" search={{ next: `/events/${id}` }}>
            {t.auth.signInTitle}
          </Link>
        </p>
      }
    >
      {event.data ? (
        <QuickJoinForm event={event.data} />
      ) : event.isError ? (
        <Failure title={t.crash.widget} error={event.error} onRetry={() => void event.refetch()} />
      ) : (
        <Skeleton style={{ height: '16rem' }} />
      )}
    </SplitPage>
  )
}
