import { CATEGORIES, type Category } from '../../api/types'
import { addDays, weekday } from '../../i18n/dates'

/** What Discover shows, as it stands in the address bar. Absent means "any". */
export type Filters = {
  q?: string
  city?: string
  category?: Category
  when?: When
  from?: string
  to?: string
  near?: string
  radius_km?: number
  free?: true
  language?: string
  sort?: Sort
}

/** Relative days stay relative in a shared link: "this weekend" means the reader's next one. */
export const WHENS = ['today', 'tomorrow', 'weekend', 'week', 'month'] as const
export type When = (typeof WHENS)[number]
export const SORTS = ['soonest', 'relevance', 'trending'] as const
export type Sort = (typeof SORTS)[number]
export const NEAR_RADIUS_KM = 10

const DAY = /^\d{4}-\d\d-\d\d$/
const NEAR = /^-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?$/

/** Reads an address bar that anyone may have typed: what makes no sense is dropped, never an error. */
export function parseFilters(search: Record<string, unknown>): Filters {
  const text = (value: unknown, max: number) => {
    const string = typeof value === 'number' ? String(value) : value
    if (typeof string !== 'string') return undefined
    const trimmed = string.trim().slice(0, max)
    return trimmed === '' ? undefined : trimmed
  }
  const one = <T extends string>(value: unknown, list: readonly T[]) =>
    list.find((item) => item === value)
  const day = (value: unknown) => {
    const string = text(value, 10)
    return string && DAY.test(string) && !Number.isNaN(Date.parse(string)) ? string : undefined
  }
  const nearText = text(search.near, 40)
  const near = nearText && NEAR.test(nearText) ? nearText : undefined
  const radius = Number(search.radius_km)
  const language = text(search.language, 8)
  const from = day(search.from)
  const to = day(search.to)
  return prune({
    q: text(search.q, 200),
    city: text(search.city, 100),
    category: one(search.category, CATEGORIES),
    when: from || to ? undefined : one(search.when, WHENS),
    from,
    to: from && to && to < from ? undefined : to,
    near,
    radius_km: near && radius > 0 && radius <= 500 ? radius : undefined,
    free: search.free === true || search.free === 'true' ? true : undefined,
    language: language && /^[a-z]{2,3}$/.test(language) ? language : undefined,
    sort: one(search.sort, SORTS),
  })
}

function prune(filters: Filters): Filters {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined))
}

/** The days a relative word means. A weekend that has begun is the present one; Friday is not in it. */
export function daysOf(when: When, today: string): { from: string; to: string } {
  switch (when) {
    case 'today':
      return { from: today, to: today }
    case 'tomorrow':
      return { from: addDays(today, 1), to: addDays(today, 1) }
    case 'weekend': {
      const sunday = addDays(today, 6 - weekday(today))
      const saturday = addDays(sunday, -1)
      return { from: saturday < today ? today : saturday, to: sunday }
    }
    case 'week':
      return { from: today, to: addDays(today, 6) }
    case 'month':
      return { from: today, to: addDays(today, 29) }
  }
}

/** The API's query for these filters on a given day. */
export function toQuery(filters: Filters, today: string) {
  const { when, near, radius_km, ...rest } = filters
  return {
    ...rest,
    ...(when ? daysOf(when, today) : {}),
    ...(near ? { near, radius_km: radius_km ?? NEAR_RADIUS_KM } : {}),
  }
}

/** The order in force: with words to match the best match comes first, else what is soonest. */
export const sortOf = (filters: Filters): Sort =>
  filters.sort ?? (filters.q ? 'relevance' : 'soonest')

/** In order of time the list is a river of days; in any other order it is one wall. */
export const byDay = (filters: Filters) => sortOf(filters) === 'soonest'

export const isFiltered = (filters: Filters) =>
  Object.keys(filters).some((name) => name !== 'sort' && name !== 'radius_km')
