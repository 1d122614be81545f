import { CATEGORIES, type EventView, type NewEvent } from '../../api/types'
import { lastDay } from '../../i18n/dates'
import type { FormValues } from '../../ui/useForm'

const number = (value: string | undefined) =>
  value === undefined || value.trim() === '' ? null : Number(value.replace(',', '.'))
const textOrNull = (value: string | undefined) => value?.trim() || null

/** What the form says, as the API wants it. An all-day event is given by its first and last day. */
export function toEvent(values: FormValues): NewEvent {
  const allDay = values.all_day === 'on'
  const get = (name: string) => values[name]?.trim() ?? ''
  const start = get('starts_at_local')
  const end = get('ends_at_local')
  return {
    title: get('title'),
    description: values.description ?? '',
    category: CATEGORIES.find((category) => category === values.category) ?? 'other',
    language: get('language'),
    city: get('city'),
    venue: {
      name: get('venue.name'),
      address: textOrNull(values['venue.address']),
      lat: number(values['venue.lat']),
      lon: number(values['venue.lon']),
    },
    starts_at_local: allDay ? start.slice(0, 10) : start,
    ends_at_local: allDay ? end.slice(0, 10) : end,
    timezone: get('timezone'),
    all_day: allDay,
    capacity: values.limited === 'on' ? number(values.capacity) : null,
    price: textOrNull(values.price),
    external_url: textOrNull(values.external_url),
  }
}

/** The editable part of an event as it stands, in the form's own precision (minutes). */
export function fromEvent(event: EventView): NewEvent {
  const { venue } = event
  const start = event.starts_at_local.slice(0, 16)
  const end = event.ends_at_local.slice(0, 16)
  return {
    title: event.title,
    description: event.description,
    category: event.category,
    language: event.language,
    city: event.city,
    venue: {
      name: venue.name,
      address: venue.address ?? null,
      lat: venue.lat ?? null,
      lon: venue.lon ?? null,
    },
    starts_at_local: event.all_day ? start.slice(0, 10) : start,
    ends_at_local: event.all_day ? lastDay(event.starts_at_local, event.ends_at_local) : end,
    timezone: event.timezone,
    all_day: event.all_day,
    capacity: event.capacity ?? null,
    price: event.price ?? null,
    external_url: event.external_url ?? null,
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Only what was changed: two people who edit different fields then don't undo each other. */
export function changes(from: NewEvent, to: NewEvent): Partial<NewEvent> {
  return Object.fromEntries(
    Object.entries(to).filter(([name, value]) => !same(value, from[name as keyof NewEvent])),
  )
}
