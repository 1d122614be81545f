import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { toQuery, type Filters } from './filters'

export const PAGE_SIZE = 24

export function listQuery(filters: Filters, today: string) {
  const query = { ...toQuery(filters, today), limit: PAGE_SIZE }
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
