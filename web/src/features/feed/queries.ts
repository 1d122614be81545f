import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { byDay, toQuery, type Filters } from './filters'

export const PAGE_SIZE = 24
const SHELF_SIZE = 12

export function listQuery(filters: Filters, today: string) {
  // What has been going on for long has a shelf of its own, else it would bury today.
  const running = byDay(filters) ? { running: false } : {}
  const query = { ...toQuery(filters, today), ...running, limit: PAGE_SIZE }
  return infiniteQueryOptions({
    queryKey: ['events', 'list', query],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/events', {
          params: { query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
}

/** What began more than twelve hours ago and still goes on, within the same filters. */
export function runningQuery(filters: Filters, today: string) {
  const query = { ...toQuery(filters, today), running: true, limit: SHELF_SIZE }
  return queryOptions({
    queryKey: ['events', 'running', query],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/events', { params: { query }, signal })),
    enabled: byDay(filters),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
}

export const facetsQuery = queryOptions({
  queryKey: ['events', 'facets'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/events/facets', { signal })),
  staleTime: 5 * 60_000,
})

export const trendingQuery = queryOptions({
  queryKey: ['events', 'trending'],
  queryFn: ({ signal }) =>
    unwrap(api.GET('/api/v1/feed', { params: { query: { limit: 3 } }, signal })),
  staleTime: 60_000,
})
