import { getRouteApi } from '@tanstack/react-router'
import { EventPage } from '../features/events/EventPage'
import { PlaceBlock } from '../features/joins/PlaceBlock'
import { Widget } from '../ui/Widget'

const route = getRouteApi('/events/$id/{-$slug}')

/** Where two slices meet: the page belongs to events, the place in it to joins. */
export function EventRoute() {
  const { id } = route.useParams()
  return (
    <EventPage
      key={id}
      id={id}
      place={
        <Widget>
          <PlaceBlock id={id} />
        </Widget>
      }
    />
  )
}
