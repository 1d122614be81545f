import { CATEGORIES, type EventView, type NewEvent } from '../../api/types'
import { lastDay } from '../../i18n/dates'
import type { Messages } from '../../i18n/en'
import type { FormValues } from '../../ui/useForm'
import { checkRules, fromRules, toRules, type Rules } from './registration'

/** An event as the form has it. */
export type Draft = Omit<NewEvent, 'registration'> & { registration: Rules }

const number = (value: string | undefined) =>
  value === undefined || value.trim() === '' ? null : Number(value.replace(',', '.'))
const textOrNull = (value: string | undefined) => value?.trim() || null

/** What the form says, as the API wants it. An all-day event is given by its first and last day. */
export function toEvent(values: FormValues): Draft {
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
    registration: toRules(values),
  }
}

/** The editable part of an event as it stands, in the form's own precision (minutes). */
export function fromEvent(event: EventView): Draft {
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
    registration: fromRules(event.registration),
  }
}

/** What no single input knows to be wrong; name → message. */
export function check(values: FormValues, t: Messages): Record<string, string | undefined> {
  const { starts_at_local = '', ends_at_local = '' } = values
  return {
    ends_at_local: ends_at_local < starts_at_local ? t.errors.ends_before_start : undefined,
    ...checkRules(values, t),
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Only what was changed: two people who edit different fields then don't undo each other. */
export function changes(from: Draft, to: Draft): Partial<Draft> {
  return Object.fromEntries(
    Object.entries(to).filter(([name, value]) => !same(value, from[name as keyof Draft])),
  )
}
