import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import type { EventView, Participant } from '../../api/types'
import { useI18n } from '../../i18n'
import { formatInstant, formatMoment } from '../../i18n/dates'
import { Dialog } from '../../ui/Dialog'
import { Failure, Skeleton } from '../../ui/State'
import { peopleKey } from './peopleQuery'
import { happenings } from './timeline'
import s from './TimelineDialog.module.css'

/** Why somebody is where they are: everything that happened to their place. */
export function TimelineDialog(props: {
  event: EventView
  person: Participant
  onClose: () => void
}) {
  const { event, person, onClose } = props
  const { t, locale } = useI18n()
  const timeline = useQuery({
    queryKey: [...peopleKey(event.id), 'timeline', person.user_id],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/events/{id}/participants/{user_id}/timeline', {
          params: { path: { id: event.id, user_id: person.user_id } },
          signal,
        }),
      ),
  })
  const moment = (instant: string) => formatMoment(instant, event.timezone, new Date(), locale)
  const items = timeline.data && happenings(timeline.data.items, t, moment)
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.timeline.title(person.display_name || t.people.nameless)}
    >
      {timeline.isPending && <Skeleton style={{ height: '8rem' }} />}
      {timeline.isError && (
        <Failure
          scope="widget"
          title={t.timeline.failed}
          error={timeline.error}
          onRetry={() => void timeline.refetch()}
        />
      )}
      {items?.length === 0 && <p>{t.timeline.none}</p>}
      {items && items.length > 0 && (
        <ol role="list" className={s.list}>
          {items.map((item, n) => (
            <li key={n}>
              <time dateTime={item.at}>{formatInstant(item.at, locale)}</time>
              <p>{item.words}</p>
            </li>
          ))}
        </ol>
      )}
    </Dialog>
  )
}
